#include "manager/server/stored.hpp"

#include <memory>

#include "manager/operation_codec.hpp"

namespace brood::manager {

AnyValue take_value(ServedCall& call) { return std::make_shared<const Stored>(call); }
void put_value(ServedCall& call, const AnyValue& value) { value->append_to(call.result()); }

}  // namespace brood::manager

// Compiles
#include "manager/operation_codec.hpp"

namespace brood::manager {

bool LockOperations::acquire(ServedCall&, Patience patience) { return patience == Patience{}; }
std::optional<AnyValue> QueueOperations::get(ServedCall&, Patience) { return std::nullopt; }
void SpaceOperations::set(ServedCall&, const std::string&, const std::string&, AnyValue) {}

bool call(const detail::ManagedRef& object) {
  call_operation<&QueueOperations::get>(object, Patience::for_ever);
  const detail::Bytes request =
      Operation<&SpaceOperations::set>::begin(object, "name", std::string("type"), ValueFollows());
  Operation<&SpaceOperations::set>::send(object, request);
  return call_operation<&LockOperations::acquire>(object, Patience::for_ever);
}

}  // namespace brood::manager

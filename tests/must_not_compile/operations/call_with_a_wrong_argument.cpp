// Expect: brood: an argument of this call by proxy does not convert to the type of the method's
#include "manager/operation_codec.hpp"

void call(const brood::detail::ManagedRef& lock) {
  brood::manager::call_operation<&brood::manager::LockOperations::acquire>(lock, 7);
}

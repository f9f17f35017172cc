// Expect: brood: an operation is called with all of its arguments
#include "manager/operation_codec.hpp"

void call(const brood::detail::ManagedRef& lock) {
  brood::manager::call_operation<&brood::manager::LockOperations::acquire>(lock);
}

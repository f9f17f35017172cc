// Expect: is_held
// Expect: declaration
#include "manager/operations.hpp"

namespace brood::manager {
int LockOperations::is_held(ServedCall&) { return 1; }
}  // namespace brood::manager

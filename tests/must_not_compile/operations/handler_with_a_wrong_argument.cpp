// Expect: acquire
// Expect: declaration
#include "manager/operations.hpp"

namespace brood::manager {
bool LockOperations::acquire(ServedCall&, std::int64_t nanoseconds) { return nanoseconds == 0; }
}  // namespace brood::manager

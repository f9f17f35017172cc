// Expect: release
// Expect: declaration
#include "manager/operations.hpp"

namespace brood::manager {
void SemaphoreOperations::release(ServedCall&) {}
}  // namespace brood::manager

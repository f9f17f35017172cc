// Expect: calling function 'driver' requires holding mutex 'core.mutex_'
#include "pool/core.hpp"

std::size_t slots_of(brood::pool::Core& core) { return core.driver().workers().all().size(); }

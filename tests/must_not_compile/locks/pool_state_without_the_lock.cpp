// Expect: calling function 'driver' requires holding mutex 'core_lock'
#include "pool/state/pool_state.hpp"

std::size_t slots_of(brood::pool::PoolState& state) {
  return state.driver().workers().all().size();
}

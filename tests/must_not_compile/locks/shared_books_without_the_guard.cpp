// Expect: calling function 'ledger' requires holding mutex 'queue.guard'
#include "shared/queue_state.hpp"

std::uint64_t size_of(brood::shared::QueueState& queue) { return queue.ledger().size(); }

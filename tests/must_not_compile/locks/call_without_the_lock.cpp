// Expect: calling function 'arguments' requires holding mutex 'core_lock'
#include "pool/calls/call_state.hpp"

std::size_t count_of(const brood::pool::CallState& call) { return call.arguments().count(); }

// Expect: reading variable 'driven' requires holding mutex 'core_lock'
#include "pool/calls/call_job.hpp"

bool is_driven(const brood::pool::CallJob& job) { return job.driven; }

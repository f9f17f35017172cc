// Expect: reading variable 'borrowed' requires holding mutex 'core_lock'
#include "pool/driver/worker_link.hpp"

bool is_borrowed(const brood::pool::WorkerLink& link) { return link.borrowed; }

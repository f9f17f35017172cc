#pragma once

#include "protocol/page.hpp"
#include "worker/session_process.hpp"

namespace brood::worker {

/// Wakes the owner where it has asked for that. Call behind a store that it may wait for.
void wake_owner(SessionProcess& process, protocol::WorkerPage& page);

}  // namespace brood::worker

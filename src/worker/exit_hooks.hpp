#pragma once

namespace brood::worker {

/// From here on at_worker_exit takes hooks; drops those of the process that this one was forked
/// from.
void open_exit_hooks();
/// Calls the hooks, last one first; what they throw goes to the log.
void run_exit_hooks();

}  // namespace brood::worker

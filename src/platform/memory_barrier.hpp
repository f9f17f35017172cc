#pragma once

// Memory barriers in other processes: membarrier(2), MEMBARRIER_CMD_GLOBAL_EXPEDITED.
namespace brood::platform {

/// Whether this process can have processes that have joined pass one. Threads: any.
bool has_process_barriers() noexcept;
/// This process takes part from now on, and so do its forks; false where the system refuses that.
/// Cost: 0.1 us while it has one thread; later it may wait for all CPUs, which takes milliseconds.
bool join_process_barriers() noexcept;
/// Has all threads of all processes that have joined pass a full memory barrier between the call
/// and the return, and this one; false where the system refuses that. Threads: any.
/// Cost: 0.1 us where no other CPU runs such a process; else it waits until each of those has been
/// interrupted, some microseconds.
bool process_barrier() noexcept;

}  // namespace brood::platform

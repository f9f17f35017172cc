#pragma once

#include <chrono>
#include <memory>

#include <brood/options.hpp>

namespace brood::pool {

class Callbacks;
class WorkerProcesses;
class PoolState;
class Supervisor;

/// The thread that owns a pool's workers: it waits for them, reads, writes, starts and stops.
class Dispatcher {
 public:
  /// Without its thread yet, and without a look at `state`, which may be made later.
  Dispatcher(PoolState& state, Supervisor& supervisor, Callbacks& callbacks,
             OnInterrupt on_interrupt);
  /// Waits for the thread, which must have a reason to end.
  ~Dispatcher();

  /// What the driver has processes started and ended by.
  WorkerProcesses& processes() noexcept;
  /// Starts the thread. Once. Throws SystemError.
  void run_thread();
  /// Waits for the thread, which must have a reason to end.
  void finish() noexcept;

  /// There is something to do. Any thread; cheap while the dispatcher is awake. False where it
  /// sleeps and this process has closed what would wake it.
  bool wake() noexcept;
  /// Waits until no worker is left; false at the deadline. Any thread.
  bool join(std::chrono::steady_clock::time_point deadline);
  /// Of a pool that has lost its descriptors, whose dispatcher is never destroyed: this thread is
  /// not waited for any more. Any thread, any number of times.
  void let_go();

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace brood::pool

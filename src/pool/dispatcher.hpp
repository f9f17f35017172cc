#pragma once

#include <chrono>
#include <memory>

#include <brood/detail/job.hpp>

namespace brood::pool {

class Core;

/// The thread that owns a pool's workers: sends, reads, starts, stops.
class Dispatcher {
 public:
  /// Starts the thread. `core` outlives it.
  explicit Dispatcher(Core& core);
  /// Waits for the thread, which must have a reason to end.
  ~Dispatcher();

  /// There is something to do. Any thread; cheap while the dispatcher is awake. False where it
  /// sleeps and this process has closed what would wake it.
  bool wake() noexcept;
  /// Waits until no worker is left; false at the deadline. Any thread.
  bool join(std::chrono::steady_clock::time_point deadline);
  /// Of a pool that has lost its descriptors, whose dispatcher is never destroyed: no thread waits
  /// for this one any more. Any thread, any number of times.
  void let_go();

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace brood::pool

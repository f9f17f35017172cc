#pragma once

#include <exception>
#include <memory>
#include <mutex>
#include <vector>

#include "pool/calls/job_state.hpp"

namespace brood::pool {

/// Calls that callers have left, until a thread with the core's lock takes them: a caller never
/// waits for that lock. Threads: any. Its own lock is held for a few instructions only, and may be
/// taken within the core's.
class Intake {
 public:
  using Calls = std::vector<std::shared_ptr<JobState>>;
  /// Throws PoolClosed after close(), the reason of refuse() after that.
  void put(std::shared_ptr<JobState> call);
  /// No more is taken in.
  void close();
  /// No more is taken in for this reason; returns what has been left.
  Calls refuse(const std::exception_ptr& reason);
  /// Exchanges what has been left for `calls`, which are empty, and keep their memory.
  void swap(Calls& calls);
  bool empty();

 private:
  std::mutex mutex_;
  Calls calls_;                // guarded by mutex_
  bool closed_ = false;        // guarded by mutex_
  std::exception_ptr reason_;  // guarded by mutex_
};

[[noreturn]] void throw_closed();

}  // namespace brood::pool

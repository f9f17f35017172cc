#pragma once

#include <exception>
#include <memory>
#include <vector>

#include "base/mutex.hpp"
#include "pool/calls/call_state.hpp"

namespace brood::pool {

/// Calls that callers have left, until a thread with the core's lock takes them: a caller that
/// leaves one does not wait for that lock. Threads: any. Its own lock is held for a few
/// instructions only, and may be taken within the core's.
class Intake {
 public:
  using Calls = std::vector<std::shared_ptr<CallState>>;
  /// Throws PoolClosed after close(), the reason of refuse() after that.
  void put(std::shared_ptr<CallState> call);
  /// No more is taken in.
  void close();
  /// No more is taken in for this reason; returns what has been left.
  Calls refuse(const std::exception_ptr& reason);
  /// Exchanges what has been left for `calls`, which are empty, and keep their memory.
  void swap(Calls& calls);
  bool empty();

 private:
  base::Mutex mutex_;
  Calls calls_ BROOD_GUARDED_BY(mutex_);
  bool closed_ BROOD_GUARDED_BY(mutex_) = false;
  std::exception_ptr reason_ BROOD_GUARDED_BY(mutex_);
};

[[noreturn]] void throw_closed();

}  // namespace brood::pool

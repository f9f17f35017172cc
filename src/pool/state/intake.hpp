#pragma once

#include <exception>
#include <memory>

#include <brood/detail/pool/job.hpp>
#include "base/mutex.hpp"
#include "pool/calls/left_calls.hpp"

namespace brood::pool {

/// Calls that callers have left, until a thread with the core's lock takes them: a caller that
/// leaves one does not wait for that lock. Threads: any. Its own lock is held for a few
/// instructions only, and may be taken within the core's.
class Intake {
 public:
  /// These throw PoolClosed after close(), the reason of refuse() after that.
  void put(std::shared_ptr<CallState> call);
  void put(std::shared_ptr<SmallCall> call, detail::JobSpec&& spec);
  /// No more is taken in.
  void close();
  /// No more is taken in for this reason; returns what has been left.
  LeftCalls refuse(const std::exception_ptr& reason);
  /// Exchanges what has been left for `calls`, which are empty, and keep their memory.
  void swap(LeftCalls& calls);
  bool empty();

 private:
  void check_open() const BROOD_REQUIRES(mutex_);

  base::Mutex mutex_;
  LeftCalls calls_ BROOD_GUARDED_BY(mutex_);
  bool closed_ BROOD_GUARDED_BY(mutex_) = false;
  std::exception_ptr reason_ BROOD_GUARDED_BY(mutex_);
};

[[noreturn]] void throw_closed();

}  // namespace brood::pool

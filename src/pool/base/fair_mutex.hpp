#pragma once

#include "base/mutex.hpp"

namespace brood::pool {

/// A mutex that a thread which takes it again and again does not keep from the others: the thread
/// that waits is next.
class BROOD_CAPABILITY("mutex") FairMutex {
 public:
  void lock() BROOD_ACQUIRE() {
    const base::MutexLock turn(next_);
    held_.lock();
  }
  void unlock() BROOD_RELEASE() { held_.unlock(); }

 private:
  base::Mutex next_;  // of the thread that gets held_ when it is free
  base::Mutex held_;
};

}  // namespace brood::pool

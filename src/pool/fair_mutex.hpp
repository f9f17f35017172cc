#pragma once

#include <mutex>

namespace brood::pool {

/// A mutex that a thread which takes it again and again does not keep from the others: who waits is
/// next.
class FairMutex {
 public:
  void lock() {
    const std::lock_guard turn(next_);
    held_.lock();
  }
  void unlock() { held_.unlock(); }

 private:
  std::mutex next_;  // of whoever gets held_ when it is free
  std::mutex held_;
};

}  // namespace brood::pool

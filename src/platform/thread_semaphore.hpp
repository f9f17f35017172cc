#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "platform/futex.hpp"

namespace brood::platform {

/// A semaphore between threads of this process that sleeps at once, and is no cancellation point.
/// std::counting_semaphore yields first, and on a busy machine each yield waits for the time slice
/// of another program's thread.
class ThreadSemaphore {
 public:
  void release() noexcept {
    count_.fetch_add(1, std::memory_order_release);
    futex_wake(count_, 1);
  }
  void acquire() noexcept { acquire_by(std::nullopt); }
  bool try_acquire_for(std::chrono::nanoseconds patience) noexcept {
    return acquire_by(std::chrono::steady_clock::now() + patience);
  }

 private:
  bool acquire_by(const Deadline& deadline) noexcept {
    for (;;) {
      std::uint32_t count = count_.load(std::memory_order_acquire);
      if (count != 0) {
        if (count_.compare_exchange_weak(count, count - 1, std::memory_order_acquire)) return true;
      } else if (!futex_wait(count_, 0, deadline)) {
        return false;
      }
    }
  }

  std::atomic<std::uint32_t> count_{0};
};

}  // namespace brood::platform

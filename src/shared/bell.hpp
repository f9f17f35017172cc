#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "platform/futex.hpp"
#include "platform/spin.hpp"
#include "shared/naps.hpp"

namespace brood::shared {

/// Tells processes that wait for something in shared memory that it has changed. Who waits looks
/// for a moment before it sleeps, as long as that is worth it: what comes soon costs nobody a
/// system call. Lives in shared memory. Threads: any, of any process.
class Bell {
 public:
  /// How often it has rung. Read before what it rings for.
  std::uint32_t count() const noexcept { return count_.load(); }

  /// After the change: wakes up to `most` of those who sleep.
  void ring(int most) noexcept {
    count_.fetch_add(1);
    // Whoever is not counted here yet finds the count changed, and does not fall asleep.
    if (sleepers_.load() != 0) platform::futex_wake(count_, most, platform::FutexScope::shared);
  }

  /// Blocks until it has rung more often than `heard`, or for a nap. False when the deadline has
  /// passed.
  bool wait(std::uint32_t heard, Naps& naps) noexcept {
    if (look(heard)) return true;
    sleepers_.fetch_add(1);
    const bool goes_on = naps.sleep(count_, heard);
    sleepers_.fetch_sub(1);
    return goes_on;
  }

 private:
  static constexpr std::uint32_t most_looks = 256;  // about what a sleep costs
  static constexpr std::uint32_t least_looks = 32;  // fewer are none, but count the times without

  bool look(std::uint32_t heard) noexcept {
    const std::uint32_t looks = std::min(looks_.load(std::memory_order_relaxed), most_looks);
    if (looks < least_looks) {
      looks_.store(looks + 1 < least_looks ? looks + 1 : most_looks, std::memory_order_relaxed);
      return false;
    }
    for (std::uint32_t done = 0; done < looks; ++done) {
      if (count_.load(std::memory_order_acquire) != heard) {
        looks_.store(std::clamp(2 * done, 2 * least_looks, most_looks), std::memory_order_relaxed);
        return true;
      }
      platform::relax();
    }
    looks_.store(looks / 2 < least_looks ? 0 : looks / 2, std::memory_order_relaxed);
    return false;
  }

  std::atomic<std::uint32_t> count_{0};
  std::atomic<std::uint32_t> sleepers_{0};  // at least; who is killed asleep is never taken off
  std::atomic<std::uint32_t> looks_{most_looks};
};

}  // namespace brood::shared

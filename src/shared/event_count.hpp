#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "platform/futex.hpp"
#include "platform/spin.hpp"
#include "shared/backoff_wait.hpp"

namespace brood::shared {

/// An event count: tells processes that wait for something in shared memory that it has changed. A
/// waiter spins for a moment before it sleeps, as long as that is worth it: a change that comes
/// soon costs no system call. Lives in shared memory. Threads: any, of any process.
class EventCount {
 public:
  /// How often it was notified. To be read before what it is notified of.
  std::uint32_t count() const noexcept { return count_.load(); }

  /// After the change: wakes up to `most` sleepers.
  void notify(int most) noexcept {
    count_.fetch_add(1);
    // A waiter that is not counted here yet finds the count changed, and does not fall asleep.
    if (sleepers_.load() != 0) platform::futex_wake(count_, most, platform::FutexScope::shared);
  }

  /// Blocks until it was notified more often than `seen`, or for a back-off wait. False when the
  /// deadline has passed.
  bool wait(std::uint32_t seen, BackoffWait& backoff) noexcept {
    if (spin(seen)) return true;
    sleepers_.fetch_add(1);
    const bool goes_on = backoff.sleep(count_, seen);
    sleepers_.fetch_sub(1);
    return goes_on;
  }

 private:
  static constexpr std::uint32_t most_spins = 256;  // about what a sleep costs
  static constexpr std::uint32_t least_spins = 32;  // fewer are none, but count the times without

  bool spin(std::uint32_t seen) noexcept {
    const std::uint32_t spins = std::min(spins_.load(std::memory_order_relaxed), most_spins);
    if (spins < least_spins) {
      spins_.store(spins + 1 < least_spins ? spins + 1 : most_spins, std::memory_order_relaxed);
      return false;
    }
    for (std::uint32_t done = 0; done < spins; ++done) {
      if (count_.load(std::memory_order_acquire) != seen) {
        spins_.store(std::clamp(2 * done, 2 * least_spins, most_spins), std::memory_order_relaxed);
        return true;
      }
      platform::relax();
    }
    spins_.store(spins / 2 < least_spins ? 0 : spins / 2, std::memory_order_relaxed);
    return false;
  }

  std::atomic<std::uint32_t> count_{0};
  std::atomic<std::uint32_t> sleepers_{0};  // at least; a killed sleeper is never taken off
  std::atomic<std::uint32_t> spins_{most_spins};
};

}  // namespace brood::shared

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "platform/robust_mutex.hpp"
#include "platform/spin.hpp"

namespace brood::shared {

/// Holds the robust mutex `state.guard`; calls `state.repair()` where the last holder died.
template <class State>
class Guard {
 public:
  explicit Guard(State& state) noexcept : state_(state) {
    if (lock(state_.guard) == Result::inherited) state_.repair();
  }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() { state_.guard.unlock(); }

 private:
  using Result = platform::RobustMutex::Result;
  // What it guards takes less time than falling asleep. A pause as long as several turns lets the
  // holder take them one after the other, with all of it in its processor's cache.
  static Result lock(platform::RobustMutex& mutex) noexcept {
    for (const int pause : {800, 1600, 3200}) {
      const Result result = mutex.try_lock();
      if (result != Result::busy) return result;
      platform::relax_for(std::chrono::nanoseconds(pause));
    }
    return mutex.lock();
  }
  State& state_;
};

/// Lets one of all that wait for an object look after dead processes, once in a while.
class Lookout {
 public:
  static constexpr std::uint64_t interval_ms = 45;  // less than a nap
  /// Whether the caller is to look now.
  bool is_due() noexcept {
    const auto now =
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                       std::chrono::steady_clock::now().time_since_epoch())
                                       .count());
    std::uint64_t last = last_ms_.load(std::memory_order_relaxed);
    return now - last >= interval_ms && last_ms_.compare_exchange_strong(last, now);
  }

 private:
  std::atomic<std::uint64_t> last_ms_{0};
};

}  // namespace brood::shared

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "platform/robust_mutex.hpp"

namespace brood::shared {

/// Holds the robust mutex `state.guard`; calls `state.repair()` where the last holder died.
template <class State>
class Guard {
 public:
  explicit Guard(State& state) noexcept : state_(state) {
    if (state_.guard.lock() == platform::RobustMutex::Result::inherited) state_.repair();
  }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() { state_.guard.unlock(); }

 private:
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

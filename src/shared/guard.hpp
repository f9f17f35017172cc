#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/thread_annotations.hpp"
#include "platform/robust_mutex.hpp"
#include "platform/spin.hpp"
#include "shared/object.hpp"

namespace brood::shared {

/// Where a state is in shared memory: itself, or what it is a view of.
template <class State>
void* memory_of(State& state) noexcept {
  if constexpr (requires { state.memory(); }) {
    return state.memory();
  } else {
    return &state;
  }
}

/// Holds the robust mutex `state.guard`; calls `state.repair()` where the last holder died. To
/// clang's analysis it holds it also where it is false.
template <class State>
class BROOD_SCOPED_CAPABILITY Guard {
 public:
  /// A holder has it for a moment: this is how much longer than its time limit a call waits for one
  /// that was stopped in that moment.
  static constexpr std::chrono::seconds grace{1};

  /// Waits for ever. Both throw BrokenObject.
  explicit Guard(State& state) BROOD_ACQUIRE(state.guard) : Guard(state, std::nullopt) {}
  /// Waits until a moment after the deadline; then it is false.
  Guard(State& state, const platform::Deadline& deadline) BROOD_ACQUIRE(state.guard)
      : state_(state) {
    const Result result = lock(deadline);
    is_held_ = result == Result::taken || result == Result::inherited;
    if (result == Result::inherited) state_.repair();
    if (result == Result::broken || result == Result::mine) throw_broken(memory_of(state_));
  }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() BROOD_RELEASE() {
    if (is_held_ && !state_.guard.unlock(hold_)) mark_broken(memory_of(state_));
  }
  explicit operator bool() const noexcept { return is_held_; }

 private:
  using Result = platform::RobustMutex::Result;
  // What it guards takes less time than falling asleep. A pause as long as several turns lets the
  // holder take them one after the other, with all of it in its processor's cache.
  Result lock(const platform::Deadline& deadline) noexcept {
    for (const int pause : {800, 1600, 3200}) {
      const Result result = state_.guard.try_lock(hold_);
      if (result != Result::busy) return result;
      platform::relax_for(std::chrono::nanoseconds(pause));
    }
    constexpr auto last = std::chrono::steady_clock::time_point::max() - grace;
    if (!deadline || *deadline > last) return state_.guard.lock(hold_);
    return state_.guard.lock(hold_, std::max(*deadline, std::chrono::steady_clock::now()) + grace);
  }
  State& state_;
  platform::MutexHold hold_;
  bool is_held_ = false;
};

/// Lets one of all waiters for an object check whether processes have died, once in each interval.
class RateLimiter {
 public:
  static constexpr std::uint64_t interval_ms = 45;  // less than the shortest back-off
  /// Whether the caller is the one to check now.
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

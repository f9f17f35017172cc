#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "platform/futex.hpp"

namespace brood::shared {

/// Waits for a word in shared memory to change, with exponential back-off. No waiter sleeps for
/// long without looking again: the process that was to wake it may have been killed between the
/// change and the wake-up, or another waiter was killed that was woken in its place.
class BackoffWait {
 public:
  using Duration = std::chrono::milliseconds;
  static constexpr Duration shortest{50};

  /// Each twice as long as the one before, until they are `longest`.
  explicit BackoffWait(const platform::Deadline& deadline,
                       Duration longest = std::chrono::seconds(1)) noexcept
      : deadline_(deadline), longest_(longest) {}

  /// Sleeps while `word` holds `expected`, until woken or for a while. False when the deadline has
  /// passed.
  bool sleep(const std::atomic<std::uint32_t>& word, std::uint32_t expected) noexcept {
    const auto now = std::chrono::steady_clock::now();
    if (deadline_ && now >= *deadline_) return false;
    platform::Deadline end = now + next_;
    if (deadline_) end = std::min(*end, *deadline_);
    if (!platform::futex_wait(word, expected, end, platform::FutexScope::shared))
      next_ = std::min(next_ * 2, longest_);
    return true;
  }

 private:
  platform::Deadline deadline_;
  Duration longest_;
  Duration next_ = shortest;
};

}  // namespace brood::shared

#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "platform/futex.hpp"

namespace brood::shared {

/// How somebody waits for a word in shared memory to change. Nobody sleeps for long without looking
/// again: who was to wake him may have been killed between the change and the wake-up, or another
/// have been killed who was woken in his place.
class Naps {
 public:
  using Duration = std::chrono::milliseconds;
  static constexpr Duration shortest{50};

  /// Each twice as long as the one before, until they are `longest`.
  explicit Naps(const platform::Deadline& deadline,
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

#pragma once

#include <array>
#include <chrono>
#include <cstddef>

#include "progress/rate.hpp"

namespace brood::progress {

/// When bars may be painted: ten times in any second at most. Pure: the time is an argument.
class Pace {
 public:
  /// Because of news: a tenth of a second after the last time.
  bool may_update(Time now) const noexcept {
    return may_restore(now) && (count_ == 0 || now - latest() >= std::chrono::milliseconds(100));
  }
  /// Because a line was printed, before which the bars were taken down.
  bool may_restore(Time now) const noexcept {
    return count_ < most || now - times_[count_ % most] >= std::chrono::seconds(1);
  }
  void painted(Time now) noexcept { times_[count_++ % most] = now; }

 private:
  static constexpr std::size_t most = 10;
  Time latest() const noexcept { return times_[(count_ - 1) % most]; }

  std::array<Time, most> times_{};  // of the last ones, in a ring
  std::size_t count_ = 0;
};

}  // namespace brood::progress

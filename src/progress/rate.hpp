#pragma once

#include <chrono>
#include <cstddef>

namespace brood::progress {

using Time = std::chrono::steady_clock::time_point;

/// Elements per second, as they come lately. Elements are uneven, and so the mean of all of them
/// tells little of those that follow: what lies back counts less, by 1/e for each 10 seconds, or
/// for each third of the whole time where that is longer. So an hour's estimate does not jump with
/// each element, and that of a minute follows soon. Pure: the time is an argument, and never goes
/// back.
class Rate {
 public:
  explicit Rate(Time start) : start_(start), last_(start) {}

  void add(std::size_t elements, Time now);
  /// Elements per second; 0 before there is one. Silence counts from when the next elements are
  /// due.
  double per_second(Time now) const;

 private:
  /// What is left at `now` of what was counted at last_, and what the time since then counts.
  struct Decay {
    double factor, seconds;
  };
  Decay decay(Time now) const;

  Time start_, last_;
  double elements_ = 0, seconds_ = 0, arrivals_ = 0;  // each decayed
};

}  // namespace brood::progress

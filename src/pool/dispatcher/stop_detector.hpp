#pragma once

#include <chrono>

#include "pool/scheduler/types.hpp"

namespace brood::pool {

/// Tells for how long the thread that uses it could not run because the process was stopped
/// (SIGSTOP, Ctrl-Z, a debugger, a frozen control group), and not because the machine was busy.
/// Threads: one.
class StopDetector {
 public:
  explicit StopDetector(Time now) noexcept;
  /// The thread is about to sleep, until `until` at the latest.
  void sleeps(Time now, Time until) noexcept;
  /// It has woken. How long it was stopped since it last woke; zero for less than 200 ms. What it
  /// was stopped while it meant to sleep is not seen.
  Nanoseconds woke(Time now) noexcept;

 private:
  void begin(Time now) noexcept;

  Time woken_, asleep_, until_;
  Time since_{};         // what follows is counted from then on
  Nanoseconds ran_{};    // of the thread at `since_`: on a processor, or waiting for one
  Nanoseconds slept_{};  // as it meant to
};

}  // namespace brood::pool

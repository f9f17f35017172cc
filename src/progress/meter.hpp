#pragma once

#include <string>
#include <string_view>

#include <brood/progress.hpp>
#include "progress/line.hpp"
#include "progress/rate.hpp"

namespace brood::progress {

/// What one bar knows of the call that it shows. The next call begins it anew. Pure: the time is an
/// argument.
class Meter {
 public:
  /// `made`: when the first call may have begun.
  Meter(std::string_view label, Time made);

  /// Whether this is told by another call than the one that runs: what is done never becomes less.
  bool is_of_next_call(const Progress& progress) const noexcept {
    return running_ && progress.done < progress_.done;
  }
  /// Takes how far the call has come. Whether it has ended with that.
  bool update(const Progress& progress, Time now);
  /// Whether a call runs.
  bool running() const noexcept { return running_; }
  /// No more comes of the call that runs.
  void stop() noexcept { running_ = false; }
  /// Of the call that runs, or of the last one.
  View view(Time now) const;

  /// Whether a plain line is due, for a log or a file: five seconds after the call began, and then
  /// whenever a tenth more time has passed, five seconds at least. It counts as written then.
  bool plain_line_is_due(Time now);

 private:
  void begin(Time now);

  const std::string label_;
  Time idle_since_;  // when there was no call, or none any more
  Time start_;
  Rate rate_;
  Progress progress_;
  bool running_ = false;
  Time next_plain_line_{};
};

}  // namespace brood::progress

#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <brood/outcome.hpp>
#include <brood/statistics.hpp>
#include "pool/scheduler/types.hpp"

namespace brood::pool {

/// What a pool counts of itself, whether that is asked for or not: additions only, and no clock.
/// Allocates nothing after it has been made, but for buckets of a histogram and for names, which go
/// missing where memory is refused. Threads: under the core's lock.
class Counters {
 public:
  /// One place for workers.
  struct Slot {
    std::string name;  // of its last process
    std::uint64_t done = 0, starts = 0, sent = 0, received = 0;
    Nanoseconds busy{};
    Time born{};             // of its first process; zero: there was none
    Time busy_since{};       // since when it has had something all the time
    Nanoseconds reported{};  // of that, what elements took whose outcomes have come
    // Of the process that is there: positions in its sequence.
    std::uint64_t given = 0, resolved = 0;
    bool has_work() const noexcept { return resolved < given; }
    /// Since when it has had something, but for what has been reported.
    Nanoseconds unreported(Time now) const noexcept {
      return std::max(now - busy_since - reported, Nanoseconds::zero());
    }
  };

  explicit Counters(std::size_t slots) : slots_(slots) {}

  // --- elements ---
  void add(std::size_t count) noexcept { elements_ += count; }
  void ended(OutcomeKind kind, std::size_t count) noexcept {
    by_kind_[static_cast<std::size_t>(kind)] += count;
  }
  void retried() noexcept { ++retries_; }

  // --- workers ---
  void started(WorkerId worker, const std::string& name, Time now) noexcept;
  void sent(const Assignment& assignment, std::size_t bytes, Time now) noexcept {
    Slot& slot = slots_[assignment.worker];
    if (!slot.has_work()) {
      slot.busy_since = now;
      slot.reported = Nanoseconds::zero();
    }
    slot.given = assignment.sequence + assignment.count;
    slot.sent += bytes;
  }
  void received(WorkerId worker, std::size_t bytes) noexcept { slots_[worker].received += bytes; }
  /// Elements up to this position have outcomes. `elapsed`: ns, as the worker says.
  void worked(WorkerId worker, std::uint64_t position, std::size_t count, std::uint64_t elapsed,
              Time now) noexcept;
  /// What it has not begun, up to this position, has been taken back.
  void skipped(WorkerId worker, std::uint64_t position) noexcept {
    slots_[worker].resolved = position;
  }
  void gone(WorkerId worker, Time now) noexcept;

  /// What these say.
  Statistics statistics(Time now) const;

 private:
  std::uint64_t elements_ = 0, retries_ = 0;
  std::array<std::uint64_t, 6> by_kind_{};
  Histogram running_;  // means of what came together
  std::vector<Slot> slots_;
};

}  // namespace brood::pool

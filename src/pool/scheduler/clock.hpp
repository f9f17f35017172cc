#pragma once

#include <cstdint>
#include <optional>

#include "pool/scheduler/held.hpp"
#include "pool/scheduler/job_store.hpp"
#include "pool/scheduler/stops.hpp"

namespace brood::pool {

/// What the owner has seen of one worker, and when.
struct Observed {
  Time last_activity{};            // when it was sent its first element, or reported an outcome
  Time since{};                    // when the head began, for jobs with a timeout
  std::uint64_t looked = 0;        // how much it had begun at the last look
  Time looked_at{}, checked_at{};  // when the owner first saw that; the last look
  Time silent_since{};             // with nothing but a revocation to be seen; zero: not so
  Time owes_since{};               // outcomes that should have been reported; zero: none
  std::uint64_t owes = 0;          // position of the first of them
};

/// For how long a worker has had a head that it has not begun.
struct Wait {
  JobId job;
  std::size_t index;
  std::uint64_t sequence;
  Nanoseconds time, most;  // of jobs with a timeout: at most this is allowed
  bool timed;
};

/// The owner's clock: what it allows a worker, whatever its page and its stream say. README.md has
/// the table. It decides and does nothing: that is the Watchdog's.
class OwnerClock {
 public:
  OwnerClock(const SchedulerConfig& config, JobStore& jobs) : config_(config), jobs_(jobs) {}

  /// The time, as the scheduler knows it.
  void set(Time now) { latest_ = now; }
  void note_stop(Time now, Nanoseconds stopped) { stops_.add(now, stopped); }
  /// The stop does not count for this worker.
  static void skip(Observed& observed, Time now, Nanoseconds stopped);

  /// Takes note of what the page says of a worker that has been sent `sent` elements and holds some
  /// of them; returns how many of all it has begun.
  std::uint64_t see(Observed& observed, const Held& held, std::uint64_t sent, const Running& seen,
                    Time now) const;
  /// Whether it has not reported what has become of what it says to have ended.
  bool owes(const Observed& observed, const Held& held) const;
  /// Whether it has not reported for too long what has become of what it says to have ended.
  bool owes_outcomes(Observed& observed, const Held& held, Time now) const;
  /// Whether the head, which it has not begun, should have begun.
  bool is_unbegun_for_too_long(const Observed& observed, const Held& held, Time now) const;
  /// Whether the element at `sequence`, which runs, has run for too long.
  bool is_late(const Observed& observed, const Held& held, std::uint64_t sequence, Time now) const;
  /// Takes note of whether it has nothing but a revocation to see.
  enum class Silence : bool { no, yes };
  static void note(Observed& observed, Silence silence, Time now) {
    if (silence == Silence::no) {
      observed.silent_since = Time{};
    } else if (observed.silent_since == Time{}) {
      observed.silent_since = now;
    }
  }
  bool is_silent_for_too_long(const Observed& observed, Time now) const {
    return observed.silent_since != Time{} && now - observed.silent_since >= config_.answer;
  }
  /// When the owner is to look at the worker for its head's sake; Time::max(): never.
  Time next_look(const Observed& observed, const Held& held) const;

  /// Whether no other worker is to have its head.
  bool is_passed_on(const Held& held) const;
  /// The head is, from now on; returns whether it was.
  bool pass_on(const Chunk& front) const;
  /// Until now; nothing is noted of it.
  Wait wait_for_head(const Observed& observed, const Held& held) const;
  /// The worker has lost its head, which it has not begun: the times of several workers add up.
  /// Null when the job is over.
  Unbegun* note(const Wait& wait) const;
  /// Whether workers together have had an element next for too long.
  static bool is_over(const Unbegun& unbegun, const Wait& wait);

 private:
  // Whether another worker may have what is next in one, or it is the last that is to have it.
  enum class Turn : bool { may_pass_on, last };
  static Turn turn_of(const JobRecord& job, const Chunk& front) {
    return job.is_passed_on(front.first) ? Turn::last : Turn::may_pass_on;
  }
  Nanoseconds grace(const Held& held, const JobRecord& job, Turn turn) const;
  Time latest_beginning(const Observed& observed, const Held& held, const JobRecord& job) const;
  bool sum_is_over(const Observed& observed, const Held& held, std::uint64_t sequence,
                   Time now) const;

  const SchedulerConfig& config_;
  JobStore& jobs_;
  Stops stops_;  // of this process
  Time latest_{};
};

}  // namespace brood::pool

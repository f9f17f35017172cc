#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pool/scheduler/population.hpp"

namespace brood::pool {

/// How many processes there are to be, when one is started, and when again after a start has
/// failed. Knows of jobs no more than how many elements wait.
class Growth {
 public:
  /// What there is to do, and which workers have time for it.
  struct Demand {
    std::size_t waiting;  // elements that are pending
    std::size_t idle;     // workers that would get one of them at once
    bool backlog;         // jobs are in the line
    bool drained;         // no job is left
  };

  Growth(const SchedulerConfig& config, Population& population)
      : config_(config), population_(population), starts_(config.workers) {}

  // --- what becomes of a start ---
  void started(WorkerId id, Time now);
  /// False if the worker is not awaited.
  bool ready(WorkerId id);
  /// These two are of a process that is there: what its end will mean.
  void initializer_failed(WorkerId id) { starts_[id].hopeless = true; }
  void killed_from_outside(WorkerId id) { starts_[id].killed_from_outside = true; }
  /// These three say whether no process can be started any more: jobs are failed then.
  bool start_failed(WorkerId id, Time now);
  bool short_of_resources(WorkerId id, Time now);
  bool gone(WorkerId id, Time now);

  // --- more, and fewer ---
  void start_due(const Demand& demand, Time now);
  bool wants_worker(const Demand& demand) const;
  /// When a process may be started next where one is wanted, Time::max(): never.
  Time next_start(bool backlog) const;
  /// Whether more than the least live and are to stay.
  bool may_shrink() const { return population_.staying() > least(); }

  // --- the end ---
  void close(Closing how) {
    closing_ = true;
    terminated_ |= how == Closing::terminated;
  }
  bool closing() const noexcept { return closing_; }
  bool terminated() const noexcept { return terminated_; }

 private:
  struct Start {
    // What the end of the process means that is there.
    bool hopeless = false, killed_from_outside = false;
    Time next{};                                    // no sooner
    std::uint32_t failures = 0, outside_kills = 0;  // in a row
  };
  enum class Failure : std::uint8_t { may_pass, lasts };
  bool note_failure(Start& start, Failure failure, Time now);
  bool nothing_will_come_up() const;
  bool has_failed_for_good(WorkerId id) const;
  bool can_start(WorkerId id, bool backlog) const;
  std::size_t least() const;

  const SchedulerConfig& config_;
  Population& population_;
  std::vector<Start> starts_;  // by slot
  bool closing_ = false, terminated_ = false, had_worker_ = false;
  Time lack_since_{};  // since no process could be started for want of something; zero: not so
};

}  // namespace brood::pool

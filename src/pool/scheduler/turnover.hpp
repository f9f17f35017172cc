#pragma once

#include "pool/scheduler/growth.hpp"
#include "pool/scheduler/revocations.hpp"

namespace brood::pool {

/// Which workers are retired because they are old or not needed, and which of the retired leave.
class Turnover {
 public:
  Turnover(const SchedulerConfig& config, const JobStore& jobs, const PendingElements& pending,
           Population& population, const Growth& growth, Assignments& assignments,
           const WorkerIndex& index, Revocations& revocations)
      : config_(config),
        jobs_(jobs),
        pending_(pending),
        population_(population),
        growth_(growth),
        assignments_(assignments),
        index_(index),
        revocations_(revocations) {}

  /// The worker gets no more, and what it has not begun is taken back.
  void retire(WorkerId id);
  /// Asks what those have begun that may be about to begin something.
  void look_at_the_old(Time now);
  /// With the answers.
  void retire_the_old_and_idle(Time now);
  /// Workers leave that have nothing to do and are to get no more.
  void let_leave(Time now);
  /// When the next worker has been idle for long enough to be retired for that, if it may be;
  /// Time::max(): never.
  Time next_idle() const;

 private:
  bool may_begin(WorkerId id, Time now) const;
  void retire_the_old(Time now);
  void retire_the_idle(Time now);

  const SchedulerConfig& config_;
  const JobStore& jobs_;
  const PendingElements& pending_;
  Population& population_;
  const Growth& growth_;
  Assignments& assignments_;
  const WorkerIndex& index_;
  Revocations& revocations_;
};

}  // namespace brood::pool

#pragma once

#include <cstddef>

#include "pool/scheduler/intents.hpp"
#include "pool/scheduler/worker_ends.hpp"

namespace brood::pool {

/// Stops workers because of what they run, or do not: what the clock says, and what users cancel.
/// An element that listens to its stop token is asked first, and its worker stopped if it goes on.
/// What stands behind an element must not begin any more when its worker is stopped, so it is taken
/// back first.
class Watchdog {
 public:
  Watchdog(const SchedulerConfig& config, Actions& actions, JobStore& jobs,
           const Population& population, OwnerClock& clock, Assignments& assignments,
           const WorkerIndex& index, Revocations& revocations, WorkerEnds& ends, Intents& intents)
      : config_(config),
        actions_(actions),
        jobs_(jobs),
        population_(population),
        clock_(clock),
        assignments_(assignments),
        index_(index),
        revocations_(revocations),
        ends_(ends),
        intents_(intents) {}

  /// What a page says of the element that runs.
  void look_at(const Running& seen, Time now);
  /// Takes note of workers that have nothing but a revocation to see.
  void note_silent_workers(Time now);
  void stop_silent_workers(Time now);
  /// Stops the worker; the element that runs in it is lost.
  void stop_running_element(WorkerId id, Time now);
  /// Stops all workers that run an element of the job; false if there are none. What they have not
  /// begun has been taken back.
  bool stop_all_of(JobId job, Time now);
  /// Same for one element, which is given to no other worker.
  bool stop_one_of(JobId job, std::size_t index, Time now);
  /// When there is to be a look at a worker; Time::max(): never.
  Time next_look() const { return index_.sets().due.least().value_or(Time::max()); }
  /// One of the intents that begin with stop_late.
  void conclude(const Intent& intent);

 private:
  void end_element(WorkerId id, std::uint64_t sequence, ElementFailure failure, Time now);
  bool may_be_asked(WorkerId id, std::uint64_t sequence) const;
  bool waits_for_stop(WorkerId id, Time now);
  void stop_if_unbegun(WorkerId id, Time now);
  void stop_if_late(WorkerId id, std::uint64_t sequence, Time now);
  void stop_late(const Intent& intent);
  void stop_unbegun(const Intent& intent);
  void stop_element(Intent intent);
  void end_stop_element(const Intent& intent);

  const SchedulerConfig& config_;
  Actions& actions_;
  JobStore& jobs_;
  const Population& population_;
  OwnerClock& clock_;
  Assignments& assignments_;
  const WorkerIndex& index_;
  Revocations& revocations_;
  WorkerEnds& ends_;
  Intents& intents_;
};

}  // namespace brood::pool

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "pool/scheduler/revocations.hpp"

namespace brood::pool {

/// How workers are stopped, and what becomes of what they held when they are gone: what had begun
/// is charged, what had not goes back.
class WorkerEnds {
 public:
  WorkerEnds(const SchedulerConfig& config, Jobs& jobs, JobStore& store, Population& population,
             OwnerClock& clock, Assignments& assignments, Revocations& revocations)
      : config_(config),
        jobs_(jobs),
        store_(store),
        population_(population),
        clock_(clock),
        assignments_(assignments),
        revocations_(revocations) {}

  void stop(WorkerId id, Time now, StopReason why = StopReason::none,
            WhatRuns what_runs = WhatRuns::goes_back);
  /// Outcomes that it should have reported have not come: what it has begun is lost with them,
  /// unless they come yet, when what it has left is read.
  void note_owing(WorkerId id) { assignments_.edit(id).owing = true; }
  /// The element at `sequence` is what it is stopped for.
  void charge(WorkerId id, ElementFailure failure, std::uint64_t sequence);
  /// It has not begun in time what stands at `sequence`.
  void note_overdue(WorkerId id, std::uint64_t sequence) {
    assignments_.edit(id).overdue = sequence;
  }
  /// After Population::gone. `claimed`: how much it has begun; nothing where that is not known.
  void gone(WorkerId id, std::optional<std::uint64_t> claimed, Time now);

 private:
  using Worker = Assignments::Worker;

  void empty(WorkerId id, std::optional<std::uint64_t> claimed, Time now);
  std::uint64_t end_of_begun(Worker& worker, std::optional<std::uint64_t> claimed);
  void lose(WorkerId id, JobId job, std::size_t index, std::uint64_t sequence, Time now);

  const SchedulerConfig& config_;
  Jobs& jobs_;
  JobStore& store_;
  Population& population_;
  OwnerClock& clock_;
  Assignments& assignments_;
  Revocations& revocations_;
};

}  // namespace brood::pool

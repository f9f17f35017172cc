#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "pool/scheduler/affinity.hpp"
#include "pool/scheduler/revocations.hpp"

namespace brood::pool {

/// Which worker gets what, and how much at once: README.md, "Placement".
class Placement {
 public:
  Placement(const SchedulerConfig& config, Actions& actions, const JobStore& jobs,
            PendingElements& pending, const Population& population, Assignments& assignments,
            const WorkerIndex& index, Revocations& revocations, Affinity& affinity)
      : config_(config),
        actions_(actions),
        jobs_(jobs),
        pending_(pending),
        population_(population),
        assignments_(assignments),
        index_(index),
        revocations_(revocations),
        affinity_(affinity) {}

  /// Sends what is pending to workers that are hungry.
  void assign(Time now);
  /// A worker for the only thing that waits, if it is this job and a single one: its caller drives
  /// that worker. Nothing if there is none.
  std::optional<Assignment> borrow(JobId job, Time now);
  /// Asks what those have begun that balance() may take something from; false if there are none.
  bool look_before_balance(Time now);
  /// With the answers: takes back what others may run sooner. True if it is for idle workers.
  bool balance(Time now);

 private:
  Assignment send(WorkerId id, JobId job_id, const JobRecord& job, std::size_t count, Time now);
  bool has_room(const Assignments::Worker& worker, int priority, Time now) const;
  void settle(std::uint64_t key, WorkerId id);
  std::optional<WorkerId> worker_for(const JobRecord& job, Time now) const;
  std::optional<WorkerId> at_home(std::uint64_t key, const JobRecord& job, Time now) const;
  bool stays_at_home(const Assignments::Worker& worker, Time now) const;
  bool is_far_behind(const Assignments::Worker& worker, std::uint64_t before, double cost,
                     Time now) const;
  std::optional<WorkerId> hungriest(const JobRecord& job, Time now) const;
  std::size_t chunk_size(WorkerId id, const JobRecord& job) const;
  std::vector<WorkerId> worth_a_look(Time now) const;
  std::vector<WorkerId> stuck_or_overtaken(Time now) const;
  bool has_begun(WorkerId id) const;
  bool is_stuck(WorkerId id, Time now) const;
  std::size_t urgent_without_worker(Time now) const;
  void free_queues(Time now);

  const SchedulerConfig& config_;
  Actions& actions_;
  const JobStore& jobs_;
  PendingElements& pending_;
  const Population& population_;
  Assignments& assignments_;
  const WorkerIndex& index_;
  Revocations& revocations_;
  Affinity& affinity_;
};

}  // namespace brood::pool

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "pool/scheduler/actions.hpp"
#include "pool/scheduler/job_store.hpp"
#include "pool/scheduler/pending.hpp"

namespace brood::pool {

/// The lives of jobs: how they come, what becomes of their elements, and how they end. Knows of
/// workers no more than their numbers. README.md has the states and the invariants.
class Jobs {
 public:
  Jobs(Actions& actions, JobStore& store, PendingElements& pending)
      : actions_(actions), store_(store), pending_(pending) {}

  JobId add(const JobTraits& traits, std::size_t count, Input input);
  void extend(JobId id, std::size_t count, Input input);

  // --- back from workers ---
  Reception outcomes(const Outcomes& outcomes, Time now);
  /// Elements that were assigned and have not run: they go first when the job is next served.
  void requeue(JobId id, std::size_t first, std::size_t count);
  /// An element whose worker cannot report it: it is tried again, or has its outcome.
  void element_failed(JobId id, std::size_t index, WorkerId worker, ElementFailure failure,
                      Time now) {
    fail({.failure = failure, .worker = worker, .job = id, .first = index}, now);
  }
  /// Likewise an element, at this position of its worker's sequence, that has stopped when it was
  /// asked to: the worker lives.
  void element_stopped(JobId id, std::size_t index, WorkerId worker, std::uint64_t sequence,
                       ElementFailure failure, Time now) {
    fail({.failure = failure,
          .worker_lives = true,
          .worker = worker,
          .job = id,
          .first = index,
          .fence = sequence},
         now);
  }

  // --- the end ---
  void finish(JobId id, JobEnd end);
  /// A job that has failed at its first error and still has elements in workers; each once.
  std::optional<JobId> next_failed();
  /// Nothing of the job is tried again, and what is pending is given up. Whether there was
  /// anything, or there is more to come.
  bool give_up_rest(JobId id);
  /// An element that is pending, or waits for its next attempt, has been cancelled; false if it is
  /// neither.
  bool give_up(JobId id, std::size_t index);
  /// Each job ends when nothing of it runs any more; says which jobs have more than that.
  std::vector<JobId> drain();
  /// Finishes the job if it has all of its outcomes; lets go of it when nothing refers to it.
  void settle(JobId id);
  void fail_all(JobEnd end);

 private:
  void fail(Action action, Time now);
  bool try_again(JobId id, JobRecord& job, std::size_t index, std::uint32_t Retries::*kind,
                 Time now);
  void finish(JobId id, JobRecord& job, JobEnd end);
  void settle(JobId id, JobRecord& job);

  Actions& actions_;
  JobStore& store_;
  PendingElements& pending_;
  std::vector<JobId> failed_;
};

}  // namespace brood::pool

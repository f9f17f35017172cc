#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "pool/scheduler/actions.hpp"
#include "pool/scheduler/delayed.hpp"
#include "pool/scheduler/job.hpp"
#include "pool/scheduler/run_queue.hpp"

namespace brood::pool {

/// What is to run: jobs, and where each of their elements is. Knows of workers no more than their
/// numbers. README.md has the states and the invariants.
class Jobs {
 public:
  explicit Jobs(Actions& actions) : actions_(actions) {}

  JobId add(const JobTraits& traits, std::size_t count, bool last);
  void extend(JobId id, std::size_t count, bool last);
  /// Null when the job is over.
  const Job* find(JobId id) const { return find_in(jobs_, id); }
  /// As find(), for a job that is known to live: one with an element in a worker.
  const Job& at(JobId id) const { return jobs_[slot_of(id)]; }

  // --- to workers ---
  /// The job to be served next, of which something is pending.
  std::optional<JobId> front();
  struct Taken {
    std::size_t first;
    std::uint32_t attempt;
    bool define;  // the job is new to the worker
  };
  /// Assigns elements of what goes next in the job to the worker.
  Taken take(JobId id, std::size_t count, WorkerId worker);

  // --- and back ---
  Reception outcomes(const Outcomes& outcomes, Time now);
  /// Elements that were assigned and have not run: they go first when the job is next served.
  void requeue(JobId id, std::size_t first, std::size_t count);
  /// An element whose worker cannot tell: it is tried again, or has its outcome.
  void element_failed(JobId id, std::size_t index, WorkerId worker, ElementFailure failure,
                      Time now);
  /// What is known of an element that workers had next and did not begin. Null when its job is
  /// over.
  Unbegun* unbegun(JobId id, std::size_t index);
  /// The process is gone, and what it knew with it.
  void forget_worker(WorkerId worker);

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
  /// An element runs, and its worker is stopped because the element is cancelled.
  void note_cancelled(JobId id, std::size_t index) { edit(id)->cancelled.push_back(index); }
  /// An element runs, and is not to be tried again.
  void note_last_attempt(JobId id, std::size_t index);
  /// Each job ends when nothing of it runs any more; says which jobs have more than that.
  std::vector<JobId> drain();
  /// Finishes the job if it has all of its outcomes; lets go of it when nothing refers to it.
  void settle(JobId id);
  void fail_all(JobEnd end);
  void let_go(JobId id) { free_.push_back(slot_of(id)); }

  /// Elements whose delay is over are pending again.
  void bring_back_delayed(Time now);
  std::optional<Time> next_delayed() const { return delayed_.next(); }
  /// Jobs in the line; some may have nothing pending any more.
  std::size_t in_line() const noexcept { return runnable_.size(); }
  /// Elements that are pending.
  std::size_t waiting() const noexcept { return waiting_; }
  bool drained() const noexcept { return live_ == 0; }

 private:
  template <class Slots>
  static auto find_in(Slots& jobs, JobId id) -> decltype(&jobs.front()) {
    const std::uint32_t slot = slot_of(id);
    if (slot >= jobs.size()) return nullptr;
    auto& job = jobs[slot];
    return job.live && job.generation == id >> 32 ? &job : nullptr;
  }
  Job* edit(JobId id) { return find_in(jobs_, id); }
  Cost* cost_for(std::uint64_t key);
  void make_pending(JobId id, Job& job, std::size_t first, std::size_t count);
  bool try_again(JobId id, Job& job, std::size_t index, std::uint32_t Retries::*kind, Time now);
  void finish(JobId id, Job& job, JobEnd end);
  void settle(JobId id, Job& job);

  Actions& actions_;
  std::deque<Job> jobs_;
  std::vector<std::uint32_t> free_;
  std::size_t live_ = 0, waiting_ = 0;
  RunQueue runnable_;
  DelayedElements delayed_;
  std::vector<JobId> failed_;
  std::unordered_map<std::uint64_t, Cost> costs_;
  std::uint64_t last_key_ = 0;
  Cost* last_cost_ = nullptr;  // of last_key_: calls in a row are alike
};

}  // namespace brood::pool

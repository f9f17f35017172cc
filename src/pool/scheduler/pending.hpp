#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "pool/scheduler/delayed.hpp"
#include "pool/scheduler/job_store.hpp"
#include "pool/scheduler/run_queue.hpp"

namespace brood::pool {

/// The elements that wait for a worker, or for the time of their next attempt, and the line in
/// which their jobs are served.
class PendingElements {
 public:
  explicit PendingElements(JobStore& jobs) : jobs_(jobs) {}

  // --- in ---
  /// New elements of the job: they go behind all others.
  void append(JobId id, JobRecord& job, std::size_t count);
  /// Elements that go first when the job is next served.
  void put_back(JobId id, JobRecord& job, std::size_t first, std::size_t count);
  /// An element that is pending again at this time.
  void delay(JobId id, std::size_t index, Time due) { delayed_.add(due, {id, index}); }
  void bring_back_delayed(Time now);

  // --- out ---
  /// The job to be served next, of which something is pending.
  std::optional<JobId> front();
  /// The priority of the line's first job: something of it is pending if front() has just looked.
  std::optional<int> highest_priority() const {
    if (line_.empty()) return std::nullopt;
    return line_.highest_priority();
  }
  /// How many elements of that priority wait, or fewer: those of the first job, or one of each.
  std::size_t most_urgent() const {
    if (line_.empty()) return 0;
    return std::max(jobs_.at(line_.front()).pending_count, line_.of_highest_priority());
  }
  struct Taken {
    std::size_t first;
    std::uint32_t attempt;
    bool define;  // the job is new to the worker
  };
  /// Assigns elements of what goes next in the job to the worker.
  Taken take(JobId id, std::size_t count, WorkerId worker) {
    JobRecord& job = jobs_.edit_at(id);
    const std::uint32_t attempt = job.next_attempt();
    const std::size_t first = job.take(count);
    waiting_ -= count;
    return {first, attempt, job.is_defined_anew_in(worker)};
  }
  /// Nothing of the job is pending any more. What is delayed comes back in vain where the job has
  /// finished.
  void give_up(JobRecord& job) { waiting_ -= job.give_up_pending(); }
  /// False if the element neither is pending nor waits for its next attempt.
  bool give_up(JobId id, std::size_t index);

  /// Whether an element of the job waits for its next attempt.
  bool has_delayed(JobId id) const { return delayed_.has_any_of(id); }
  std::optional<Time> next_delayed() const { return delayed_.next(); }
  /// Jobs in the line; some may have nothing pending any more.
  std::size_t in_line() const noexcept { return line_.size(); }
  /// Elements that are pending.
  std::size_t waiting() const noexcept { return waiting_; }

 private:
  JobStore& jobs_;
  RunQueue line_;
  DelayedElements delayed_;
  std::size_t waiting_ = 0;
};

}  // namespace brood::pool

#include "pool/scheduler/pending.hpp"

namespace brood::pool {

void PendingElements::append(JobId id, JobRecord& job, std::size_t count) {
  job.append(count);
  waiting_ += count;
  if (!std::exchange(job.runnable, true)) line_.push_back(id, job.traits.priority);
}

void PendingElements::put_back(JobId id, JobRecord& job, std::size_t first, std::size_t count) {
  job.put_back(first, count);
  waiting_ += count;
  if (!std::exchange(job.runnable, true)) line_.push_front(id, job.traits.priority);
}

// Those whose job has finished meanwhile have had their end.
void PendingElements::bring_back_delayed(Time now) {
  while (const auto due = delayed_.take_due(now)) {
    JobRecord* const job = jobs_.edit(due->job);
    if (job != nullptr && !job->finished && !job->draining) put_back(due->job, *job, due->index, 1);
  }
}

std::optional<JobId> PendingElements::front() {
  while (!line_.empty()) {
    const JobId id = line_.front();
    JobRecord* const job = jobs_.edit(id);
    if (job != nullptr && job->pending_count != 0) return id;
    if (job != nullptr) job->runnable = false;
    line_.pop_front();
  }
  return std::nullopt;
}

bool PendingElements::give_up(JobId id, std::size_t index) {
  if (!jobs_.edit(id)->give_up_pending(index)) return delayed_.give_up(id, index);
  --waiting_;
  return true;
}

}  // namespace brood::pool

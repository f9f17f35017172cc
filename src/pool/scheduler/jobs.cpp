#include "pool/scheduler/jobs.hpp"

#include <algorithm>
#include <utility>

namespace brood::pool {

namespace {
constexpr std::uint32_t most_doublings = 6;  // of the delay between attempts

constexpr JobId make_id(std::uint32_t slot, std::uint32_t generation) {
  return (JobId{generation} << 32) | slot;
}

void learn(Job& job, const Outcomes& outcomes) {
  if (outcomes.elapsed == 0) return;
  Cost& cost = *job.cost;
  const double each = static_cast<double>(outcomes.elapsed) / static_cast<double>(outcomes.count);
  const double weight = cost.samples == 0 ? 1.0 : outcomes.count > 16 ? 0.5 : 0.125;
  cost.mean += weight * (each - cost.mean);
  ++cost.samples;
  job.largest = std::max(job.largest, outcomes.count);
  cost.largest = std::max(cost.largest, outcomes.count);
}
}  // namespace

JobId Jobs::add(const JobTraits& traits, std::size_t count, bool last) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(jobs_.size()));
    jobs_.emplace_back();
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  Job& job = jobs_[slot];
  ++job.generation;
  job.traits = traits;
  job.cost = cost_for(traits.cost_key);
  if (traits.self_contained) job.largest = job.cost->largest;  // one of many alike
  job.live = true;
  ++live_;
  const JobId id = make_id(slot, job.generation);
  extend(id, count, last);
  return id;
}

Cost* Jobs::cost_for(std::uint64_t key) {
  if (last_cost_ == nullptr || key != last_key_) last_cost_ = &costs_[last_key_ = key];
  return last_cost_;
}

void Jobs::extend(JobId id, std::size_t count, bool last) {
  Job* const job = edit(id);
  if (job == nullptr) return;
  job->sealed = last;
  if (!job->finished && !job->draining && count != 0) {
    job->append(count);
    waiting_ += count;
    if (!std::exchange(job->runnable, true)) runnable_.push_back(id, job->traits.priority);
  }
  job->total += count;
  settle(id, *job);
}

std::optional<JobId> Jobs::front() {
  while (!runnable_.empty()) {
    const JobId id = runnable_.front();
    Job* const job = edit(id);
    if (job != nullptr && job->pending_count != 0) return id;
    if (job != nullptr) job->runnable = false;
    runnable_.pop_front();
  }
  return std::nullopt;
}

Jobs::Taken Jobs::take(JobId id, std::size_t count, WorkerId worker) {
  Job& job = jobs_[slot_of(id)];
  const std::uint32_t attempt = job.next_attempt();
  const std::size_t first = job.take(count);
  waiting_ -= count;
  const bool define =
      !job.traits.self_contained &&
      std::find(job.defined_in.begin(), job.defined_in.end(), worker) == job.defined_in.end();
  if (define) job.defined_in.push_back(worker);
  return {first, attempt, define};
}

Reception Jobs::outcomes(const Outcomes& outcomes, Time now) {
  Job* const job = edit(outcomes.job);
  if (job == nullptr) return Reception::nonsense;
  learn(*job, outcomes);
  if (outcomes.retryable &&
      try_again(outcomes.job, *job, outcomes.first, &Retries::exceptions, now))
    return Reception::again;
  job->assigned -= outcomes.count;
  job->resolved += outcomes.count;
  const bool wanted = !job->finished;
  if (wanted && outcomes.failed && job->traits.fail_fast) {
    finish(outcomes.job, *job, JobEnd::failed);
  } else {
    settle(outcomes.job, *job);
  }
  return wanted ? Reception::wanted : Reception::unwanted;
}

void Jobs::requeue(JobId id, std::size_t first, std::size_t count) {
  Job* const job = edit(id);
  if (job == nullptr) return;
  job->assigned -= count;
  if (job->finished || job->draining) return settle(id, *job);
  make_pending(id, *job, first, count);
}

void Jobs::make_pending(JobId id, Job& job, std::size_t first, std::size_t count) {
  job.put_back(first, count);
  waiting_ += count;
  if (!std::exchange(job.runnable, true)) runnable_.push_front(id, job.traits.priority);
}

// An element that has failed and has attempts left of this kind: after a while it is pending again.
bool Jobs::try_again(JobId id, Job& job, std::size_t index, std::uint32_t Retries::*kind,
                     Time now) {
  if (job.finished || job.draining || job.was_cancelled(index)) return false;
  if (job.has_last_attempt(index)) return false;
  if (job.traits.retries.*kind == 0) return false;
  Retries& failures = job.failures[index];
  if (++(failures.*kind) > job.traits.retries.*kind) return false;
  --job.assigned;
  if (job.traits.retry_delay.count() == 0) {
    make_pending(id, job, index, 1);
  } else {
    const std::uint32_t doublings = std::min(failures.sum() - 1, most_doublings);
    const Nanoseconds longest = (Time::max() - now) / (1 << doublings);
    delayed_.add(now + std::min(job.traits.retry_delay, longest) * (1 << doublings), {id, index});
  }
  return true;
}

// Those whose job has finished meanwhile have had their end.
void Jobs::bring_back_delayed(Time now) {
  while (const auto due = delayed_.take_due(now)) {
    Job* const job = edit(due->job);
    if (job != nullptr && !job->finished && !job->draining)
      make_pending(due->job, *job, due->index, 1);
  }
}

void Jobs::element_failed(JobId id, std::size_t index, WorkerId worker, ElementFailure failure,
                          Time now) {
  Job* const job = edit(id);
  if (job == nullptr) return;
  const auto kind = failure == ElementFailure::timed_out ? &Retries::timeouts : &Retries::crashes;
  Action told{
      .kind = Action::Kind::again, .failure = failure, .worker = worker, .job = id, .first = index};
  if (failure != ElementFailure::cancelled && try_again(id, *job, index, kind, now))
    return actions_.add(told);
  --job->assigned;
  ++job->resolved;
  if (!job->finished) {
    told.kind = Action::Kind::resolve;
    actions_.add(told);
    if (job->traits.fail_fast) return finish(id, *job, JobEnd::failed);
  }
  settle(id, *job);
}

Unbegun* Jobs::unbegun(JobId id, std::size_t index) {
  Job* const job = edit(id);
  return job == nullptr ? nullptr : &job->unbegun[index];
}

void Jobs::forget_worker(WorkerId worker) {
  for (Job& job : jobs_) std::erase(job.defined_in, worker);
}

void Jobs::finish(JobId id, JobEnd end) {
  if (Job* const job = edit(id)) finish(id, *job, end);
}

// Reports the end of a job as a whole, once. The entry in the line stays until front() meets it.
void Jobs::finish(JobId id, Job& job, JobEnd end) {
  if (std::exchange(job.finished, true)) return;
  waiting_ -= job.give_up_pending();
  actions_.add({.kind = Action::Kind::finish, .end = end, .job = id});
  if (end == JobEnd::failed && job.assigned != 0) failed_.push_back(id);
  settle(id, job);
}

std::optional<JobId> Jobs::next_failed() {
  if (failed_.empty()) return std::nullopt;
  const JobId id = failed_.front();
  failed_.erase(failed_.begin());
  return id;
}

void Jobs::settle(JobId id) {
  if (Job* const job = edit(id)) settle(id, *job);
}

void Jobs::settle(JobId id, Job& job) {
  if (!job.finished && job.sealed && job.resolved == job.total)
    return finish(id, job, JobEnd::complete);
  if (!job.finished && job.draining && job.assigned == 0) return finish(id, job, JobEnd::cancelled);
  if (!job.finished || job.assigned != 0) return;
  for (const WorkerId worker : job.defined_in)
    actions_.add({.kind = Action::Kind::forget, .worker = worker, .job = id});
  actions_.add({.kind = Action::Kind::over, .job = id});
  job.reset();
  --live_;
}

bool Jobs::give_up_rest(JobId id) {
  Job* const job = edit(id);
  if (job == nullptr || job->finished) return false;
  const bool more = job->pending_count != 0 || !job->sealed || delayed_.has_any_of(id);
  job->traits.retries = {};  // what runs and is let end has its last attempt
  waiting_ -= job->give_up_pending();
  return more;
}

bool Jobs::give_up(JobId id, std::size_t index) {
  Job* const job = edit(id);
  if (job->give_up_pending(index)) {
    --waiting_;
  } else if (!delayed_.give_up(id, index)) {
    return false;
  }
  ++job->resolved;
  return true;
}

void Jobs::note_last_attempt(JobId id, std::size_t index) {
  Job* const job = edit(id);
  if (!job->has_last_attempt(index)) job->last_attempts.push_back(index);
}

std::vector<JobId> Jobs::drain() {
  std::vector<JobId> open;
  for (std::uint32_t slot = 0; slot < jobs_.size(); ++slot) {
    Job& job = jobs_[slot];
    if (!job.live || job.finished) continue;
    job.draining = true;
    waiting_ -= job.give_up_pending();
    open.push_back(make_id(slot, job.generation));
  }
  return open;
}

void Jobs::fail_all(JobEnd end) {
  for (std::uint32_t slot = 0; slot < jobs_.size(); ++slot) {
    if (jobs_[slot].live) finish(make_id(slot, jobs_[slot].generation), jobs_[slot], end);
  }
}

}  // namespace brood::pool

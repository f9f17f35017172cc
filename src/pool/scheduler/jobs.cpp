#include "pool/scheduler/jobs.hpp"

#include <algorithm>
#include <utility>

namespace brood::pool {

namespace {
constexpr std::uint32_t most_doublings = 6;  // of the delay between attempts

void learn(JobRecord& job, const Outcomes& outcomes) {
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

JobId Jobs::add(const JobTraits& traits, std::size_t count, Input input) {
  const JobId id = store_.open(traits);
  extend(id, count, input);
  return id;
}

void Jobs::extend(JobId id, std::size_t count, Input input) {
  JobRecord* const job = store_.edit(id);
  if (job == nullptr) return;
  job->sealed = input == Input::ends;
  if (!job->finished && !job->draining && count != 0) pending_.append(id, *job, count);
  job->total += count;
  settle(id, *job);
}

Reception Jobs::outcomes(const Outcomes& outcomes, Time now) {
  JobRecord* const job = store_.edit(outcomes.job);
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
  JobRecord* const job = store_.edit(id);
  if (job == nullptr) return;
  job->assigned -= count;
  if (job->finished || job->draining) return settle(id, *job);
  pending_.put_back(id, *job, first, count);
}

// An element that has failed and has attempts left of this kind: after a while it is pending again.
bool Jobs::try_again(JobId id, JobRecord& job, std::size_t index, std::uint32_t Retries::*kind,
                     Time now) {
  if (job.finished || job.draining || job.was_cancelled(index)) return false;
  if (job.has_last_attempt(index)) return false;
  if (job.traits.retries.*kind == 0) return false;
  Retries& failures = job.failures[index];
  if (++(failures.*kind) > job.traits.retries.*kind) return false;
  --job.assigned;
  if (job.traits.retry_delay.count() == 0) {
    pending_.put_back(id, job, index, 1);
  } else {
    const std::uint32_t doublings = std::min(failures.sum() - 1, most_doublings);
    const Nanoseconds longest = (Time::max() - now) / (1 << doublings);
    pending_.delay(id, index, now + std::min(job.traits.retry_delay, longest) * (1 << doublings));
  }
  return true;
}

// `action` says how an element has failed; what is done about it is found here.
void Jobs::fail(Action action, Time now) {
  JobRecord* const job = store_.edit(action.job);
  if (job == nullptr) return;
  const bool timed_out = action.failure == ElementFailure::timed_out;
  const auto kind = timed_out ? &Retries::timeouts : &Retries::crashes;
  action.kind = Action::Kind::again;
  if (action.failure != ElementFailure::cancelled &&
      try_again(action.job, *job, action.first, kind, now))
    return actions_.add(action);
  --job->assigned;
  ++job->resolved;
  if (!job->finished) {
    action.kind = Action::Kind::resolve;
    actions_.add(action);
    if (job->traits.fail_fast) return finish(action.job, *job, JobEnd::failed);
  }
  settle(action.job, *job);
}

void Jobs::finish(JobId id, JobEnd end) {
  if (JobRecord* const job = store_.edit(id)) finish(id, *job, end);
}

// Reports the end of a job as a whole, once. The entry in the line stays until front() meets it.
void Jobs::finish(JobId id, JobRecord& job, JobEnd end) {
  if (std::exchange(job.finished, true)) return;
  pending_.give_up(job);
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
  if (JobRecord* const job = store_.edit(id)) settle(id, *job);
}

void Jobs::settle(JobId id, JobRecord& job) {
  if (!job.finished && job.sealed && job.resolved == job.total)
    return finish(id, job, JobEnd::complete);
  if (!job.finished && job.draining && job.assigned == 0) return finish(id, job, JobEnd::cancelled);
  if (!job.finished || job.assigned != 0) return;
  for (const WorkerId worker : job.defined_in)
    actions_.add({.kind = Action::Kind::forget, .worker = worker, .job = id});
  actions_.add({.kind = Action::Kind::over, .job = id});
  store_.close(job);
}

bool Jobs::give_up_rest(JobId id) {
  JobRecord* const job = store_.edit(id);
  if (job == nullptr || job->finished) return false;
  const bool more = job->pending_count != 0 || !job->sealed || pending_.has_delayed(id);
  job->traits.retries = {};  // what runs and is let end has its last attempt
  pending_.give_up(*job);
  return more;
}

bool Jobs::give_up(JobId id, std::size_t index) {
  if (!pending_.give_up(id, index)) return false;
  ++store_.edit(id)->resolved;
  return true;
}

std::vector<JobId> Jobs::drain() {
  std::vector<JobId> open;
  for (const JobId id : store_.all()) {
    JobRecord& job = store_.edit_at(id);
    if (job.finished) continue;
    job.draining = true;
    pending_.give_up(job);
    open.push_back(id);
  }
  return open;
}

void Jobs::fail_all(JobEnd end) {
  for (const JobId id : store_.all()) finish(id, end);
}

}  // namespace brood::pool

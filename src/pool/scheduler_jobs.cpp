#include <algorithm>
#include <utility>

#include "pool/scheduler.hpp"

// Jobs: from pending to resolved.
namespace brood::pool {

namespace {
constexpr std::uint32_t most_doublings = 6;  // of the delay between attempts

constexpr JobId make_id(std::uint32_t slot, std::uint32_t generation) {
  return (JobId{generation} << 32) | slot;
}
}  // namespace

Scheduler::Job* Scheduler::find(JobId id) {
  const std::uint32_t slot = slot_of(id);
  if (slot >= jobs_.size()) return nullptr;
  Job& job = jobs_[slot];
  return job.live && make_id(slot, job.generation) == id ? &job : nullptr;
}

JobId Scheduler::add(const JobTraits& traits, std::size_t count, bool last) {
  if (free_jobs_.empty()) {
    free_jobs_.push_back(static_cast<std::uint32_t>(jobs_.size()));
    jobs_.emplace_back();
  }
  const std::uint32_t slot = free_jobs_.back();
  free_jobs_.pop_back();
  Job& job = jobs_[slot];
  ++job.generation;
  job.traits = traits;
  job.cost = cost_for(traits.cost_key);
  if (traits.self_contained) job.largest = job.cost->largest;  // one of many alike
  job.live = true;
  ++live_jobs_;
  const JobId id = make_id(slot, job.generation);
  extend(id, count, last);
  return id;
}

Cost* Scheduler::cost_for(std::uint64_t key) {
  if (last_cost_ == nullptr || key != last_key_) last_cost_ = &costs_[last_key_ = key];
  return last_cost_;
}

// For the next job in this slot; keeps what memory the vectors have.
void Scheduler::Job::reset() noexcept {
  live = sealed = finished = runnable = draining = false;
  pending.clear();
  pending_count = total = resolved = assigned = largest = 0;
  failures.clear();
  cancelled.clear();
  last_attempts.clear();
  unbegun.clear();
  defined_in.clear();
}

void Scheduler::extend(JobId id, std::size_t count, bool last) {
  Job* const job = find(id);
  if (job == nullptr) return;
  job->sealed = last;
  if (!job->finished && !job->draining && count != 0) {
    job->pending.insert(job->pending.begin(), {job->total, job->total + count});
    job->pending_count += count;
    make_runnable(id, *job);
  }
  job->total += count;
  settle(id, *job);
}

void Scheduler::make_runnable(JobId id, Job& job) {
  if (std::exchange(job.runnable, true)) return;
  runnable_.push_back(id, job.traits.priority);
}

// The entry in runnable_ stays until assign() meets it.
void Scheduler::give_up_pending(Job& job) {
  job.pending.clear();
  job.pending_count = 0;
}

bool Scheduler::cancel(JobId id, bool stop_running, Time now) {
  Job* const job = find(id);
  if (job == nullptr || job->finished) return false;
  const std::size_t running_before = job->assigned;
  bool some = job->pending_count != 0 || !job->sealed || is_delayed(id);
  job->traits.retries = {};  // what runs and is let end has its last attempt
  give_up_pending(*job);
  take_back_from_all(id);
  some |= job->assigned != running_before;
  give_up_pending(*job);  // what has been taken back
  for (WorkerId worker = 0; stop_running && worker < workers_.size(); ++worker) {
    Worker& w = workers_[worker];
    // The last that it holds is what runs; elements before that have results on their way.
    if (w.queue.empty() || w.queue.back().job != id) continue;
    w.fate = Fate::cancelled;
    w.fate_sequence = w.queue.back().sequence + w.queue.back().count - 1;
    stop(worker, now);
    some = true;
  }
  if (some) finish(id, *job, Verdict::cancelled);
  return some;
}

bool Scheduler::cancel(JobId id, std::size_t index, bool stop, Time now) {
  Job* const job = find(id);
  if (job == nullptr || job->finished) return false;
  if (!give_up_pending(*job, index) && !give_up_delayed(id, index)) {
    take_back_from_all(id);
    if (!give_up_pending(*job, index)) {
      if (!is_in(job->last_attempts, index)) job->last_attempts.push_back(index);
      return stop && stop_running(id, index, now);
    }
  }
  ++job->resolved;
  settle(id, *job);
  return true;
}

// True if the element was pending.
bool Scheduler::give_up_pending(Job& job, std::size_t index) {
  const auto range = std::find_if(job.pending.rbegin(), job.pending.rend(), [=](const Range& r) {
    return r.first <= index && index < r.last;
  });
  if (range == job.pending.rend()) return false;
  const Range whole = *range;
  range->first = index + 1;
  --job.pending_count;
  const auto kept =
      range->first == whole.last ? job.pending.erase(std::prev(range.base())) : range.base();
  if (index != whole.first) job.pending.insert(kept, {whole.first, index});
  return true;
}

// What its workers still hold of the job has begun: the last of it runs, the others have results on
// their way.
bool Scheduler::stop_running(JobId id, std::size_t index, Time now) {
  for (WorkerId slot = 0; slot < workers_.size(); ++slot) {
    const Worker& worker = workers_[slot];
    const std::deque<Assigned>& queue = worker.queue;
    if (worker.state != State::ready || queue.empty() || queue.back().job != id) continue;
    if (queue.back().first + queue.back().count - 1 != index) continue;
    if (is_last_for_its_head(slot)) {  // what stands behind that has not begun
      if (queue.front().first != index) continue;
      workers_[slot].overdue = queue.front().sequence;
    }
    find(id)->cancelled.push_back(index);
    stop(slot, now);
    return true;
  }
  return false;
}

// Reports the end of a job as a whole, once. What is taken back may be the last that refers to it.
void Scheduler::finish(JobId id, Job& job, Verdict verdict) {
  if (std::exchange(job.finished, true)) return;
  give_up_pending(job);
  actions_.push_back({.kind = Action::Kind::finish, .job = id, .verdict = verdict});
  if (verdict == Verdict::failed && job.assigned != 0) take_back_from_all(id);
  if (find(id) != nullptr) settle(id, job);
}

// Finishes a job that has all of its outcomes; lets go of one that nothing refers to any more.
void Scheduler::settle(JobId id, Job& job) {
  if (!job.finished && job.sealed && job.resolved == job.total)
    return finish(id, job, Verdict::complete);
  if (!job.finished && job.draining && job.assigned == 0)
    return finish(id, job, Verdict::cancelled);
  if (!job.finished || job.assigned != 0) return;
  for (const WorkerId worker : job.defined_in)
    actions_.push_back({.kind = Action::Kind::forget, .worker = worker, .job = id});
  actions_.push_back({.kind = Action::Kind::over, .job = id});
  job.reset();
  --live_jobs_;
}

// Elements that were assigned and have not run: they go first when the job is next served.
void Scheduler::requeue(JobId id, std::size_t first, std::size_t count) {
  Job* const job = find(id);
  if (job == nullptr) return;
  job->assigned -= count;
  if (job->finished || job->draining) return settle(id, *job);
  make_pending(id, *job, first, count);
}

void Scheduler::make_pending(JobId id, Job& job, std::size_t first, std::size_t count) {
  // Not merged: a range never spans two calls of extend().
  job.pending.push_back({first, first + count});
  job.pending_count += count;
  if (!std::exchange(job.runnable, true)) runnable_.push_front(id, job.traits.priority);
}

// An element that has failed and has attempts left of this kind: after a while it is pending again.
bool Scheduler::try_again(JobId id, std::size_t index, std::uint32_t Retries::*kind, Time now) {
  Job& job = *find(id);
  if (job.finished || job.draining || is_in(job.cancelled, index)) return false;
  if (is_in(job.last_attempts, index)) return false;
  if (job.traits.retries.*kind == 0) return false;
  Retries& failures = job.failures[index];
  if (++(failures.*kind) > job.traits.retries.*kind) return false;
  --job.assigned;
  if (job.traits.retry_delay.count() == 0) {
    make_pending(id, job, index, 1);
  } else {
    const std::uint32_t doublings = std::min(failures.sum() - 1, most_doublings);
    const Nanoseconds longest = (Time::max() - now) / (1 << doublings);
    delayed_.emplace(now + std::min(job.traits.retry_delay, longest) * (1 << doublings),
                     Delayed{id, index});
  }
  return true;
}

// Those whose job has finished meanwhile have had their end.
void Scheduler::bring_back_delayed(Time now) {
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    const Delayed due = delayed_.begin()->second;
    delayed_.erase(delayed_.begin());
    Job* const job = find(due.job);
    if (job != nullptr && !job->finished && !job->draining)
      make_pending(due.job, *job, due.index, 1);
  }
}

bool Scheduler::is_delayed(JobId id) const {
  return std::any_of(delayed_.begin(), delayed_.end(),
                     [id](const auto& entry) { return entry.second.job == id; });
}

// True if the element waited for its next attempt.
bool Scheduler::give_up_delayed(JobId id, std::size_t index) {
  return std::erase_if(delayed_, [&](const auto& entry) {
           return entry.second.job == id && entry.second.index == index;
         }) != 0;
}

// An element whose worker cannot tell: again, or its outcome.
void Scheduler::element_failed(JobId id, std::size_t index, WorkerId worker, Fate fate, Time now) {
  Job* const job = find(id);
  if (job == nullptr) return;
  const auto kind = fate == Fate::timed_out ? &Retries::timeouts : &Retries::crashes;
  if (fate != Fate::cancelled && try_again(id, index, kind, now)) {
    actions_.push_back(
        {.kind = Action::Kind::again, .worker = worker, .job = id, .first = index, .fate = fate});
    return;
  }
  --job->assigned;
  ++job->resolved;
  if (!job->finished) {
    actions_.push_back(
        {.kind = Action::Kind::resolve, .worker = worker, .job = id, .first = index, .fate = fate});
    if (job->traits.fail_fast) return finish(id, *job, Verdict::failed);
  }
  settle(id, *job);
}

// With nothing pending and nothing taken back that would be.
void Scheduler::drain() {
  closing_ = true;
  for (std::uint32_t slot = 0; slot < jobs_.size(); ++slot) {
    const JobId id = make_id(slot, jobs_[slot].generation);
    if (!jobs_[slot].live || jobs_[slot].finished) continue;
    jobs_[slot].draining = true;
    give_up_pending(jobs_[slot]);
    take_back_from_all(id);
    if (Job* const left = find(id)) settle(id, *left);
  }
}

void Scheduler::fail_all_jobs(Verdict verdict) {
  for (std::uint32_t slot = 0; slot < jobs_.size(); ++slot) {
    if (jobs_[slot].live) finish(make_id(slot, jobs_[slot].generation), jobs_[slot], verdict);
  }
}

}  // namespace brood::pool

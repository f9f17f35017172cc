#include <algorithm>
#include <utility>

#include "pool/scheduler.hpp"

// Workers: from starting to gone.
namespace brood::pool {

void Scheduler::worker_started(WorkerId id, Time now) {
  Worker& worker = workers_[id];
  const std::uint32_t failures = worker.start_failures, strikes = worker.strikes;
  const bool stopping = worker.state == State::stopping;
  worker = Worker{};
  worker.state = State::starting;
  worker.start_failures = failures;
  worker.strikes = strikes;
  worker.heard = worker.born = now;
  lack_since_ = {};
  if (stopping) stop(id, now);  // what was to be stopped is there only now
}

void Scheduler::worker_ready(WorkerId id, Time now) {
  Worker& worker = workers_[id];
  if (worker.state != State::starting) return;
  worker.state = State::ready;
  worker.came_up = had_worker_ = true;
  worker.start_failures = worker.strikes = 0;
  worker.heard = now;
}

Scheduler::Told Scheduler::outcomes(WorkerId id, const Outcomes& outcomes, Time now) {
  Worker& worker = workers_[id];
  if (worker.queue.empty()) return Told::nonsense;
  const Assigned& front = worker.queue.front();
  if (front.job != outcomes.job || front.first != outcomes.first || front.count < outcomes.count ||
      outcomes.count == 0)
    return Told::nonsense;
  worker.heard = now;
  worker.done += outcomes.count;
  unassign(worker, outcomes);
  Job* const job = find(outcomes.job);
  if (job == nullptr) return Told::nonsense;
  Outcomes credible = outcomes;  // it has not worked for longer than it has lived
  credible.elapsed =
      std::min(outcomes.elapsed, static_cast<std::uint64_t>((now - worker.born).count()));
  learn(*job, credible);
  if (outcomes.retryable && try_again(outcomes.job, outcomes.first, &Retries::exceptions, now))
    return Told::again;
  job->assigned -= outcomes.count;
  job->resolved += outcomes.count;
  const bool wanted = !job->finished;
  if (wanted && outcomes.failed && job->traits.fail_fast) {
    finish(outcomes.job, *job, Verdict::failed);
  } else {
    settle(outcomes.job, *job);
  }
  return wanted ? Told::wanted : Told::unwanted;
}

void Scheduler::unassign(Worker& worker, const Outcomes& outcomes) {
  Assigned& front = worker.queue.front();
  front.first += outcomes.count;
  front.sequence += outcomes.count;
  front.count -= outcomes.count;
  worker.elements -= outcomes.count;
  worker.bytes -= outcomes.count * front.bytes;
  worker.expected -= outcomes.count * front.cost;
  if (front.count == 0) worker.queue.pop_front();
}

// Takes back what the worker has not begun, from position `keep` on; returns how many elements.
std::size_t Scheduler::take_back(WorkerId id, std::uint64_t keep_until) {
  Worker& worker = workers_[id];
  if (worker.revoking || worker.lent || worker.queue.empty() || worker.state != State::ready ||
      (keep_until == 0 && is_last_for_its_head(id)))
    return 0;
  worker.fence = worker.sequence;
  worker.begun = claims_->revoke(id, worker.fence);
  const std::uint64_t claimed = std::max(worker.begun, keep_until);
  if (claimed <= worker.queue.front().sequence) note_unbegun(worker);
  worker.revoking = true;
  actions_.push_back({.kind = Action::Kind::nudge, .worker = id});
  std::size_t taken = 0;
  while (!worker.queue.empty()) {
    Assigned& back = worker.queue.back();
    const std::size_t keep =
        claimed > back.sequence ? std::min<std::size_t>(claimed - back.sequence, back.count) : 0;
    const Assigned mine = back;
    const std::size_t count = back.count - keep;
    back.count = keep;
    worker.elements -= count;
    worker.bytes -= count * mine.bytes;
    worker.expected -= count * mine.cost;
    worker.given -= count;
    taken += count;
    if (keep == 0) worker.queue.pop_back();
    if (count != 0) requeue(mine.job, mine.first + keep, count);
    if (keep != 0) break;
  }
  return taken;
}

bool Scheduler::revocation_done(WorkerId id, std::uint64_t fence) {
  Worker& worker = workers_[id];
  if (!worker.revoking || fence != worker.fence) return false;
  if (!worker.queue.empty() && worker.queue.front().sequence < worker.begun) return false;
  worker.revoking = false;
  return true;
}

void Scheduler::take_back_from_all(JobId job) {
  for (WorkerId id = 0; id < workers_.size(); ++id) {
    const auto& queue = workers_[id].queue;
    if (std::any_of(queue.begin(), queue.end(), [job](const Assigned& a) { return a.job == job; }))
      take_back(id);
  }
}

// Unless it is being stopped anyway, what runs in it is charged: it would break the next one too.
void Scheduler::retire(WorkerId id) {
  workers_[id].retired = true;
  take_back(id);
}

void Scheduler::worker_broken(WorkerId id, Time now, const char* why) {
  const bool killed = workers_[id].killed;
  stop(id, now, why);
  workers_[id].killed = killed;
}

// What has not begun is taken back first: then the last that it holds is the one that runs. Where
// it holds none, the one that was next may be running all the same, and is taken for it at last.
void Scheduler::stop_running_element(WorkerId id, Fate fate, Time now) {
  Worker& worker = workers_[id];
  if (worker.state != State::ready) return;
  if (!worker.queue.empty()) {
    const Assigned front = worker.queue.front();
    const Job& job = jobs_[slot_of(front.job)];
    const auto known = job.unbegun.find(front.first);
    const bool last = known != job.unbegun.end() && known->second.deaths + 1 >= config_.passes;
    const bool guilty = last || is_last_for_its_head(id);
    take_back(id, guilty ? front.sequence + 1 : 0);
    if (guilty) worker.overdue = front.sequence;
    if (Job* const left = find(front.job); left != nullptr && worker.queue.empty())
      ++left->unbegun[front.first].deaths;
  }
  if (!worker.queue.empty()) {
    const Assigned& last = worker.queue.back();
    worker.fate = fate;
    worker.fate_sequence = last.sequence + last.count - 1;
  }
  stop(id, now);
}

void Scheduler::worker_gone(WorkerId id, std::optional<std::uint64_t> claimed, Time now) {
  Worker& worker = workers_[id];
  worker.state = State::vacant;
  worker.lent = false;
  worker.restart_at = now;
  for (Job& job : jobs_) std::erase(job.defined_in, id);
  empty_queue(id, claimed, now);
  if (!worker.came_up && !terminated_) note_start_failure(worker, worker.hopeless, now);
}

// How far a dead worker had come. One that cannot be believed had begun what it was seen to have
// begun, and what was next. An element that is next each time when a worker dies will be the
// reason.
std::uint64_t Scheduler::end_of_begun(Worker& worker, std::optional<std::uint64_t> claimed) {
  const Assigned& front = worker.queue.front();
  const std::uint64_t next = front.sequence + 1;
  if (worker.overdue == front.sequence || !claimed) return std::max(next, worker.looked);
  const std::uint64_t end = std::max(*claimed, worker.looked);
  Unbegun* const unbegun = end < next ? note_unbegun(worker) : nullptr;
  if (unbegun == nullptr) return end;
  constexpr int allowances = 4;  // of several workers together
  const Job& job = jobs_[slot_of(front.job)];
  const bool late = job.traits.timeout && unbegun->time / allowances >= to_begin(worker, job);
  if (late) {
    worker.fate = Fate::timed_out;
    worker.fate_sequence = front.sequence;
  }
  const bool guilty = late || (!worker.killed && ++unbegun->deaths >= config_.passes);
  return guilty ? next : end;
}

// What had not begun goes back, in its order. The last that had begun is the one that ran; those
// before it, in a chunk that is folded or behind a stream that is broken, have lost their results.
void Scheduler::empty_queue(WorkerId id, std::optional<std::uint64_t> claimed, Time now) {
  Worker& worker = workers_[id];
  if (worker.queue.empty()) return;
  // Elements whose outcomes should have been told have begun, and lost them; but not where those
  // had only not been read when the worker was stopped.
  if (worker.owing && owes(worker)) worker.killed = false;
  const std::uint64_t end = end_of_begun(worker, claimed);
  const std::deque<Assigned> queue = std::exchange(worker.queue, {});
  worker.elements = worker.bytes = 0;
  worker.expected = 0;
  const auto begun = [end](const Assigned& chunk) {
    return end > chunk.sequence ? std::min<std::size_t>(end - chunk.sequence, chunk.count) : 0;
  };
  for (auto chunk = queue.rbegin(); chunk != queue.rend(); ++chunk) {
    const std::size_t count = begun(*chunk);
    if (count != chunk->count) requeue(chunk->job, chunk->first + count, chunk->count - count);
  }
  for (auto chunk = queue.rbegin(); chunk != queue.rend(); ++chunk) {
    for (std::size_t i = begun(*chunk); i-- > 0;)
      lose(id, chunk->job, chunk->first + i, chunk->sequence + i, now);
  }
}

// An element that had begun in a worker that is gone.
void Scheduler::lose(WorkerId id, JobId job, std::size_t index, std::uint64_t sequence, Time now) {
  const Worker& worker = workers_[id];
  const Job* const its_job = find(job);
  if (its_job != nullptr && is_in(its_job->cancelled, index))
    return element_failed(job, index, id, Fate::cancelled, now);
  const bool meant = worker.fate && worker.fate_sequence == sequence;
  if (worker.killed && !meant) return requeue(job, index, 1);  // for another's sake
  element_failed(job, index, id, meant ? *worker.fate : Fate::lost, now);
}

// A lack may pass: where there have been workers before, it counts only when it lasts.
void Scheduler::start_failed(WorkerId id, Time now, StartFailure why) {
  Worker& worker = workers_[id];
  worker.state = State::vacant;
  if (why == StartFailure::lack && had_worker_) {
    if (lack_since_ == Time{}) lack_since_ = now;
    worker.restart_at = now + config_.first_backoff;
    if (now - lack_since_ < config_.lack) return;
  }
  note_start_failure(worker, false, now);
}

void Scheduler::note_start_failure(Worker& worker, bool lasting, Time now) {
  if (std::exchange(worker.struck, false) && ++worker.strikes % config_.strikes != 0) {
    worker.restart_at = now + config_.first_backoff;
    return;
  }
  worker.start_failures = lasting ? std::max(worker.start_failures + 1, config_.start_attempts)
                                  : worker.start_failures + 1;
  const std::uint32_t doublings = std::min<std::uint32_t>(worker.start_failures - 1, 10);
  worker.restart_at =
      now + std::min(config_.last_backoff, config_.first_backoff * (1 << doublings));
  const auto failing = [this](const Worker& w) {
    return w.state == State::vacant && w.start_failures >= config_.start_attempts;
  };
  const auto vacant = [](const Worker& w) { return w.state == State::vacant; };
  const bool hopeless = std::all_of(workers_.begin(), workers_.end(), vacant) &&
                        std::count_if(workers_.begin(), workers_.end(), failing) >=
                            static_cast<std::ptrdiff_t>(std::max<std::size_t>(least_workers(), 1));
  if (hopeless) fail_all_jobs(Verdict::no_workers);
}

void Scheduler::stop(WorkerId id, Time now, const char* why) {
  Worker& worker = workers_[id];
  if (worker.state == State::vacant || worker.state == State::stopping) return;
  if (!worker.queue.empty() && claims_->begun(id) <= worker.queue.front().sequence)
    note_unbegun(worker);  // now: its time ends here
  worker.state = State::stopping;
  worker.killed = true;
  worker.heard = now;
  actions_.push_back({.kind = Action::Kind::stop, .worker = id, .why = why});
}

}  // namespace brood::pool

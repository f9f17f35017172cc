#include "pool/scheduler/assignments.hpp"

#include <algorithm>
#include <utility>

namespace brood::pool {

using State = Population::State;

Reception Assignments::outcomes(WorkerId id, const Outcomes& outcomes, Time now) {
  Worker& worker = workers_[id];
  if (worker.held.empty()) return Reception::nonsense;
  const Chunk& front = worker.held.front();
  if (front.job != outcomes.job || front.first != outcomes.first || front.count < outcomes.count ||
      outcomes.count == 0)
    return Reception::nonsense;
  worker.observed.heard = now;
  worker.done += outcomes.count;
  worker.held.resolve(outcomes.count);
  Outcomes credible = outcomes;  // it has not worked for longer than it has lived
  credible.elapsed = std::min(outcomes.elapsed,
                              static_cast<std::uint64_t>((now - population_.at(id).born).count()));
  return jobs_.outcomes(credible, now);
}

void Assignments::skip(Time now, Nanoseconds stopped) {
  for (Worker& worker : workers_) OwnerClock::skip(worker.observed, now, stopped);
}

std::size_t Assignments::free_workers() const {
  std::size_t count = 0;
  for (WorkerId id = 0; id < workers_.size(); ++id) count += is_free(id);
  return count;
}

bool Assignments::has_free_worker() const {
  WorkerId id = 0;
  while (id < workers_.size() && !is_free(id)) ++id;
  return id < workers_.size();
}

bool Assignments::keeps_its_head(WorkerId id) const {
  const Worker& worker = workers_[id];
  return !worker.held.empty() && clock_.is_passed_on(worker.held) &&
         worker.told <= worker.held.front().sequence;
}

// One question at a time: what `revoke` tells is what `look` would have told.
void Assignments::ask(WorkerId id, Asked what, std::uint64_t fence) {
  Worker& worker = workers_[id];
  if (worker.asked >= what) return;
  if (worker.asked == Asked::nothing) {
    ++questions_;
  } else {
    actions_.withdraw(id);
  }
  worker.asked = what;
  const bool looks = what == Asked::look;
  actions_.ask(looks ? Action::Kind::look : Action::Kind::revoke, id, fence);
}

void Assignments::take_back(WorkerId id) {
  Worker& worker = workers_[id];
  if (worker.held.empty() || !population_.at(id).is(State::ready)) return;
  if (!clock_.is_passed_on(worker.held)) return revoke(id, 0);
  worker.revoke_after_look = true;
  look(id);
}

void Assignments::take_back_from_all(JobId job) {
  for (WorkerId id = 0; id < workers_.size(); ++id) {
    if (workers_[id].held.has_any_of(job)) take_back(id);
  }
}

void Assignments::take_back_failed() {
  while (const std::optional<JobId> job = jobs_.next_failed()) take_back_from_all(*job);
}

void Assignments::revoke(WorkerId id, std::uint64_t keep) {
  Worker& worker = workers_[id];
  const Population::Member& member = population_.at(id);
  if (worker.revoking || member.borrowed || worker.held.empty() || !member.is(State::ready)) return;
  worker.revoking = true;
  worker.fence = worker.sequence;
  worker.keep = keep;
  ask(id, Asked::revoke, worker.fence);
}

void Assignments::answer(WorkerId id, std::uint64_t begun) {
  Worker& worker = workers_[id];
  const Asked asked = std::exchange(worker.asked, Asked::nothing);
  if (asked == Asked::nothing) return;
  --questions_;
  worker.told = begun;
  if (worker.at_stop && begun <= worker.at_stop->sequence) clock_.note(*worker.at_stop);
  worker.at_stop.reset();
  const bool revokes = std::exchange(worker.revoke_after_look, false);
  if (asked == Asked::revoke) return take_unbegun(worker, id, begun);
  if (revokes && !keeps_its_head(id)) revoke(id, 0);
}

void Assignments::take_unbegun(Worker& worker, WorkerId id, std::uint64_t begun) {
  Held& held = worker.held;
  worker.begun = begun;
  const std::uint64_t kept = std::max(begun, worker.keep);
  if (!held.empty() && kept <= held.front().sequence)
    clock_.note(clock_.wait_for_head(worker.observed, held));
  actions_.add({.kind = Action::Kind::wake, .worker = id});
  while (!held.empty() && held.back().sequence + held.back().count > kept) {
    const Chunk taken = held.take_back(kept);
    population_.note_taken_back(id, taken.count);
    jobs_.requeue(taken.job, taken.first, taken.count);
  }
}

bool Assignments::acknowledged(WorkerId id, std::uint64_t fence) {
  Worker& worker = workers_[id];
  if (!worker.revoking || worker.asked == Asked::revoke || fence != worker.fence) return false;
  if (!worker.held.empty() && worker.held.front().sequence < worker.begun) return false;
  worker.revoking = false;
  return true;
}

// The time for which it had its head ends here. Whether it has begun that is asked: the answer is
// the same, since nothing comes in between.
void Assignments::stop(WorkerId id, Time now, StopReason why, bool killed) {
  if (!population_.stop(id, now, why)) return;
  Worker& worker = workers_[id];
  worker.killed = killed;
  if (!worker.held.empty()) {
    worker.at_stop = clock_.wait_for_head(worker.observed, worker.held);
    look(id);
  }
  worker.observed.heard = now;
}

void Assignments::charge(WorkerId id, ElementFailure failure, std::uint64_t sequence) {
  workers_[id].failure = failure;
  workers_[id].failure_sequence = sequence;
}

void Assignments::gone(WorkerId id, std::optional<std::uint64_t> claimed, Time now) {
  Worker& worker = workers_[id];
  if (std::exchange(worker.asked, Asked::nothing) != Asked::nothing) {
    --questions_;
    actions_.withdraw(id);
    if (worker.at_stop && claimed && *claimed <= worker.at_stop->sequence)
      clock_.note(*worker.at_stop);
  }
  store_.forget_worker(id);
  if (!worker.held.empty()) empty(id, claimed, now);
}

// How far a dead worker had come. One that cannot be believed had begun what it was seen to have
// begun, and what was next. An element that is next each time when a worker dies will be the
// reason.
std::uint64_t Assignments::end_of_begun(Worker& worker, std::optional<std::uint64_t> claimed) {
  const std::uint64_t head = worker.held.front().sequence;
  const std::uint64_t next = head + 1;
  if (worker.overdue == head || !claimed) return std::max(next, worker.observed.looked);
  const std::uint64_t end = std::max(*claimed, worker.observed.looked);
  if (end >= next) return end;
  const Wait wait = clock_.wait_for_head(worker.observed, worker.held);
  Unbegun* const unbegun = clock_.note(wait);
  if (unbegun == nullptr) return end;
  const bool late = OwnerClock::is_over(*unbegun, wait);
  if (late) {
    worker.failure = ElementFailure::timed_out;
    worker.failure_sequence = head;
  }
  const bool guilty = late || (!worker.killed && ++unbegun->deaths >= config_.passes);
  return guilty ? next : end;
}

// What had not begun goes back, in its order. The last that had begun is the one that ran; those
// before it, in a chunk that is folded or behind a stream that is broken, have lost their results.
void Assignments::empty(WorkerId id, std::optional<std::uint64_t> claimed, Time now) {
  Worker& worker = workers_[id];
  // Elements whose outcomes should have been told have begun, and lost them; but not where those
  // had only not been read when the worker was stopped.
  if (worker.owing && clock_.owes(worker.observed, worker.held)) worker.killed = false;
  const std::uint64_t end = end_of_begun(worker, claimed);
  const std::deque<Chunk> chunks = worker.held.clear();
  const auto begun = [end](const Chunk& chunk) {
    return end > chunk.sequence ? std::min<std::size_t>(end - chunk.sequence, chunk.count) : 0;
  };
  for (auto chunk = chunks.rbegin(); chunk != chunks.rend(); ++chunk) {
    const std::size_t count = begun(*chunk);
    if (count != chunk->count)
      jobs_.requeue(chunk->job, chunk->first + count, chunk->count - count);
  }
  for (auto chunk = chunks.rbegin(); chunk != chunks.rend(); ++chunk) {
    for (std::size_t i = begun(*chunk); i-- > 0;)
      lose(id, chunk->job, chunk->first + i, chunk->sequence + i, now);
  }
}

// An element that had begun in a worker that is gone.
void Assignments::lose(WorkerId id, JobId job, std::size_t index, std::uint64_t sequence,
                       Time now) {
  const Worker& worker = workers_[id];
  const Job* const its_job = store_.find(job);
  if (its_job != nullptr && its_job->was_cancelled(index))
    return jobs_.element_failed(job, index, id, ElementFailure::cancelled, now);
  const bool meant = worker.failure && worker.failure_sequence == sequence;
  if (worker.killed && !meant) return jobs_.requeue(job, index, 1);  // for another's sake
  jobs_.element_failed(job, index, id, meant ? *worker.failure : ElementFailure::lost, now);
}

}  // namespace brood::pool

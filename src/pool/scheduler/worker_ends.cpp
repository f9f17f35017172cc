#include "pool/scheduler/worker_ends.hpp"

#include <algorithm>
#include <deque>

namespace brood::pool {

// The time for which it had its head ends here. Whether it has begun that is asked: the answer is
// the same, since nothing comes in between.
void WorkerEnds::stop(WorkerId id, Time now, StopReason why, WhatRuns what_runs) {
  if (!population_.stop(id, now, why)) return;
  Worker& worker = assignments_.edit(id);
  worker.what_runs = what_runs;
  if (!worker.held.empty()) {
    worker.at_stop = clock_.wait_for_head(worker.observed, worker.held);
    revocations_.look(id);
  }
  worker.observed.last_activity = now;
}

void WorkerEnds::charge(WorkerId id, ElementFailure failure, std::uint64_t sequence) {
  assignments_.edit(id).failure = failure;
  assignments_.edit(id).failure_sequence = sequence;
}

void WorkerEnds::gone(WorkerId id, std::optional<std::uint64_t> claimed, Time now) {
  Worker& worker = assignments_.edit(id);
  if (revocations_.withdraw(id) && worker.at_stop && claimed &&
      *claimed <= worker.at_stop->sequence)
    clock_.note(*worker.at_stop);
  store_.forget_worker(id);
  if (!worker.held.empty()) empty(id, claimed, now);
}

// How far a dead worker had come. One that cannot be believed had begun what it was seen to have
// begun, and what was next. An element that is next each time when a worker dies will be the
// reason.
std::uint64_t WorkerEnds::end_of_begun(Worker& worker, std::optional<std::uint64_t> claimed) {
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
  const bool guilty = late || (worker.what_runs == WhatRuns::is_lost &&
                               ++unbegun->deaths >= config_.unbegun_deaths);
  return guilty ? next : end;
}

// What had not begun goes back, in its order. The last that had begun is the one that ran; those
// before it, in a chunk that is folded or behind a stream that is broken, have lost their results.
void WorkerEnds::empty(WorkerId id, std::optional<std::uint64_t> claimed, Time now) {
  Worker& worker = assignments_.edit(id);
  // Elements whose outcomes should have been reported have begun, and lost them; but not where
  // those had only not been read when the worker was stopped.
  if (worker.owing && clock_.owes(worker.observed, worker.held))
    worker.what_runs = WhatRuns::is_lost;
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
void WorkerEnds::lose(WorkerId id, JobId job, std::size_t index, std::uint64_t sequence, Time now) {
  const Worker& worker = assignments_.at(id);
  const JobRecord* const its_job = store_.find(job);
  if (its_job != nullptr && its_job->was_cancelled(index))
    return jobs_.element_failed(job, index, id, ElementFailure::cancelled, now);
  const bool meant = worker.failure && worker.failure_sequence == sequence;
  if (worker.what_runs == WhatRuns::goes_back && !meant) return jobs_.requeue(job, index, 1);
  jobs_.element_failed(job, index, id, meant ? *worker.failure : ElementFailure::lost, now);
}

}  // namespace brood::pool

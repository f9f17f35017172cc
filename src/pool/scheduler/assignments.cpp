#include "pool/scheduler/assignments.hpp"

#include <algorithm>
#include <utility>

namespace brood::pool {

std::uint64_t Assignments::give(WorkerId id, Chunk chunk, Time now) {
  Worker& worker = edit(id);
  if (worker.held.empty()) worker.observed.last_activity = now;
  chunk.sequence = worker.sequence;
  worker.held.add(chunk);
  worker.sequence += chunk.count;
  population_.note_given(id, chunk.count);
  return chunk.sequence;
}

Reception Assignments::outcomes(WorkerId id, const Outcomes& outcomes, Time now) {
  Worker& worker = edit(id);
  if (worker.held.empty()) return Reception::nonsense;
  const Chunk& front = worker.held.front();
  if (front.job != outcomes.job || front.first != outcomes.first || front.count < outcomes.count ||
      outcomes.count == 0)
    return Reception::nonsense;
  worker.observed.last_activity = now;
  worker.done += outcomes.count;
  const std::uint64_t first = front.sequence;
  worker.held.resolve(outcomes.count);
  if (worker.asked_to_stop && worker.asked_to_stop->sequence - first < outcomes.count)
    return stopped(id, outcomes, now);
  Outcomes credible = outcomes;  // it has not worked for longer than it has lived
  credible.elapsed = std::min(outcomes.elapsed,
                              static_cast<std::uint64_t>((now - population_.at(id).born).count()));
  return jobs_.outcomes(credible, now);
}

// What it has returned does not count. A worker of ours reports by itself what has asked for its
// token.
Reception Assignments::stopped(WorkerId id, const Outcomes& outcomes, Time now) {
  const StopRequest asked = *std::exchange(edit(id).asked_to_stop, std::nullopt);
  if (outcomes.count != 1) return jobs_.outcomes(outcomes, now);
  jobs_.element_stopped(outcomes.job, outcomes.first, id, asked.sequence, asked.failure, now);
  return Reception::unwanted;
}

void Assignments::skip(Time now, Nanoseconds stopped) {
  for (WorkerId id = 0; id < workers_.size(); ++id) {
    Worker& worker = edit(id);
    OwnerClock::skip(worker.observed, now, stopped);
    if (worker.asked_to_stop) worker.asked_to_stop->until += stopped;
  }
}

}  // namespace brood::pool

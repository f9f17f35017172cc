#include "pool/scheduler/assignments.hpp"

#include <algorithm>

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
  worker.held.resolve(outcomes.count);
  Outcomes credible = outcomes;  // it has not worked for longer than it has lived
  credible.elapsed = std::min(outcomes.elapsed,
                              static_cast<std::uint64_t>((now - population_.at(id).born).count()));
  return jobs_.outcomes(credible, now);
}

void Assignments::skip(Time now, Nanoseconds stopped) {
  for (WorkerId id = 0; id < workers_.size(); ++id)
    OwnerClock::skip(edit(id).observed, now, stopped);
}

}  // namespace brood::pool

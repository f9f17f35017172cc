#include "pool/scheduler/turnover.hpp"

#include <optional>

namespace brood::pool {

void Turnover::retire(WorkerId id) {
  population_.retire(id);
  revocations_.take_back(id);
}

// Whether it may be about to begin what it has got.
bool Turnover::may_begin(WorkerId id, Time now) const {
  const Assignments::Worker& worker = assignments_.at(id);
  return !worker.held.empty() && (now - worker.observed.last_activity < config_.begin_grace ||
                                  jobs_.at(worker.held.front().job).traits.timeout);
}

void Turnover::look_at_the_old(Time now) {
  for (const WorkerId id : population_.old(now)) {
    if (may_begin(id, now)) revocations_.look(id);
  }
}

void Turnover::retire_the_old_and_idle(Time now) {
  retire_the_old(now);
  if (config_.idle_timeout.count() != 0) retire_the_idle(now);
}

// Not while something waits that such a worker may be about to get, or while it may be about to
// begin what it has got: one whose start takes longer than it may live would never run anything.
void Turnover::retire_the_old(Time now) {
  const bool backlog = pending_.in_line() != 0;
  for (const WorkerId id : population_.old(now)) {
    const Assignments::Worker& worker = assignments_.at(id);
    const bool begins = may_begin(id, now) && worker.answered <= worker.held.front().sequence;
    if (!begins && (population_.at(id).given != 0 || !backlog)) retire(id);
  }
}

// One that a caller drives is in use.
void Turnover::retire_the_idle(Time now) {
  const bool backlog = pending_.in_line() != 0;
  for (const WorkerId id : index_.sets().unused.up_to(now - config_.idle_timeout)) {
    if (population_.at(id).borrowed) {
      assignments_.edit(id).observed.last_activity = now;
    } else if (!backlog && growth_.may_shrink()) {
      retire(id);
    }
  }
}

void Turnover::let_leave(Time now) {
  const bool ends = growth_.closing() && jobs_.empty();
  const WorkerSets& sets = index_.sets();
  for (const WorkerId id : ends ? sets.unoccupied : sets.finished) population_.leave(id, now);
}

Time Turnover::next_idle() const {
  const std::optional<Time> since = index_.sets().unused.least();
  return since ? plus(*since, config_.idle_timeout) : Time::max();
}

}  // namespace brood::pool

#include "pool/scheduler/worker_index.hpp"

#include <algorithm>

namespace brood::pool {

using State = Population::State;

WorkerSets::WorkerSets(std::size_t slots)
    : free(slots),
      may_be_borrowed(slots),
      unoccupied(slots),
      finished(slots),
      unused(slots),
      occupied(slots),
      by_work(slots),
      by_activity(slots),
      by_priority(slots),
      revoking(slots),
      due(slots) {}

const WorkerSets& WorkerIndex::sets() const {
  SlotSet& changed = population_.changed();
  for (const WorkerId id : changed) {
    sort_in(id);
    sort_in_order(id);
  }
  changed.clear();
  return sets_;
}

void WorkerIndex::sort_in(WorkerId id) const {
  const Population::Member& member = population_.at(id);
  const Assignments::Worker& worker = assignments_.at(id);
  const bool free = assignments_.is_free(id);
  const bool unoccupied = member.is(State::ready) && !member.borrowed && worker.held.empty();
  sets_.free.set(id, free);
  sets_.may_be_borrowed.set(id, free && member.borrowable);
  sets_.unoccupied.set(id, unoccupied);
  sets_.finished.set(id, unoccupied && population_.used_up(id));
  sets_.occupied.set(id, !worker.held.empty());
  sets_.revoking.set(
      id, (worker.revoking && member.is(State::ready)) || worker.observed.silent_since != Time{});
}

void WorkerIndex::sort_in_order(WorkerId id) const {
  const Population::Member& member = population_.at(id);
  const Assignments::Worker& worker = assignments_.at(id);
  const Time active = worker.observed.last_activity;
  const bool ready = member.is(State::ready), holds = !worker.held.empty();
  const bool gives = ready && worker.held.elements() > 1 && !worker.revoking && !member.borrowed;
  const bool unused = ready && !member.retired && (!holds || member.borrowed);
  const Time look = next_look(id);
  sets_.unused.set(id, unused && config_.idle_timeout.count() != 0, active);
  sets_.by_work.set(id, holds && assignments_.takes_work(id), worker.held.expected());
  sets_.by_activity.set(id, gives, active);
  sets_.by_priority.set(id, gives, gives ? worker.held.back().priority : 0);
  sets_.due.set(id, look != Time::max(), look);
}

// Time::max(): never.
Time WorkerIndex::next_look(WorkerId id) const {
  const Population::Member& member = population_.at(id);
  const Assignments::Worker& worker = assignments_.at(id);
  Time next = Time::max();
  if (!member.is(State::ready)) return next;
  const Observed& observed = worker.observed;
  if (observed.silent_since != Time{}) next = plus(observed.silent_since, config_.answer);
  if (worker.held.empty() || member.borrowed) return next;
  if (const auto& asked = worker.asked_to_stop; asked && worker.held.ends_with(asked->sequence))
    return std::min(next, asked->until);
  if (worker.held.elements() > 1) next = std::min(next, observed.last_activity + config_.quiet);
  return std::min(next, clock_.next_look(observed, worker.held));
}

}  // namespace brood::pool

#include "walk.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "referee.hpp"

namespace brood::simulation {

using pool::SchedulerParts;
using pool::WorkerId;
using State = pool::Population::State;

namespace {

/// One worker, as the parts have it.
struct Seen {
  const SchedulerParts& parts;
  WorkerId id;
  const pool::Population::Member& member = parts.population.at(id);
  const pool::Assignments::Worker& worker = parts.assignments.at(id);

  bool ready() const { return member.state == State::ready; }
  bool takes_work() const {
    return ready() && !member.borrowed && !parts.population.used_up(id) && !worker.revoking;
  }
  bool gives_back() const {
    return ready() && worker.held.elements() > 1 && !worker.revoking && !member.borrowed;
  }
};

void require(bool agrees, const char* which, WorkerId id) {
  if (!agrees)
    throw Violation(std::string("the set ") + which + " is wrong of worker " + std::to_string(id));
}

void check(const pool::SlotSet& set, bool is_in, const char* which, WorkerId id) {
  require(set.contains(id) == is_in, which, id);
}

template <class Key>
void check(const pool::SlotHeap<Key>& heap, bool is_in, Key key, const char* which, WorkerId id) {
  require(heap.contains(id) == is_in && (!is_in || heap.key_of(id) == key), which, id);
}

void check_members(const pool::WorkerSets& sets, const Seen& seen) {
  const bool empty = seen.worker.held.empty();
  const bool unoccupied = seen.ready() && !seen.member.borrowed && empty;
  const bool silenced = seen.worker.observed.silent_since != pool::Time{};
  check(sets.free, empty && seen.takes_work(), "free", seen.id);
  check(sets.may_be_borrowed, empty && seen.takes_work() && seen.member.borrowable,
        "may_be_borrowed", seen.id);
  check(sets.unoccupied, unoccupied, "unoccupied", seen.id);
  check(sets.finished, unoccupied && seen.parts.population.used_up(seen.id), "finished", seen.id);
  check(sets.occupied, !empty, "occupied", seen.id);
  check(sets.revoking, (seen.ready() && seen.worker.revoking) || silenced, "revoking", seen.id);
}

void check_order(const pool::WorkerSets& sets, const Seen& seen) {
  const pool::Held& held = seen.worker.held;
  const pool::Time active = seen.worker.observed.last_activity;
  const bool idles = seen.parts.config.idle_timeout.count() != 0 && seen.ready() &&
                     !seen.member.retired && (held.empty() || seen.member.borrowed);
  check(sets.unused, idles, active, "unused", seen.id);
  check(sets.by_work, !held.empty() && seen.takes_work(), held.expected(), "by_work", seen.id);
  check(sets.by_activity, seen.gives_back(), active, "by_activity", seen.id);
  const int priority = held.empty() ? 0 : seen.parts.store.at(held.back().job).traits.priority;
  check(sets.by_priority, seen.gives_back(), priority, "by_priority", seen.id);
}

// When the watchdog is to look: the head's clock, a queue of which nothing is heard, silence.
void check_next_look(const pool::WorkerSets& sets, const Seen& seen) {
  const pool::SchedulerConfig& config = seen.parts.config;
  const pool::Observed& observed = seen.worker.observed;
  std::vector<pool::Time> times;
  if (observed.silent_since != pool::Time{})
    times.push_back(pool::plus(observed.silent_since, config.answer));
  if (!seen.worker.held.empty() && !seen.member.borrowed && seen.ready()) {
    const auto& asked = seen.worker.asked_to_stop;
    const bool waits = asked && seen.worker.held.ends_with(asked->sequence);
    times.push_back(waits ? asked->until : seen.parts.clock.next_look(observed, seen.worker.held));
    if (!waits && seen.worker.held.elements() > 1)
      times.push_back(observed.last_activity + config.quiet);
  }
  const auto soonest = std::min_element(times.begin(), times.end());
  const bool any = seen.ready() && soonest != times.end() && *soonest != pool::Time::max();
  check(sets.due, any, any ? *soonest : pool::Time{}, "due", seen.id);
}

void check_population(const pool::Population& population) {
  std::size_t alive = 0, starting = 0, staying = 0;
  for (WorkerId id = 0; id < population.size(); ++id) {
    const State state = population.at(id).state;
    check(population.vacant(), state == State::vacant, "vacant", id);
    alive += state != State::vacant;
    starting += state == State::starting;
    staying += (state == State::starting || state == State::ready) && !population.used_up(id);
  }
  require(alive == population.alive() && starting == population.starting() &&
              staying == population.staying(),
          "of the population", 0);
}

// Those that take too long, and those that are old.
void check_times(const SchedulerParts& parts, bool backlog) {
  const pool::SchedulerConfig& config = parts.config;
  pool::Time next = pool::Time::max();
  for (WorkerId id = 0; id < parts.population.size(); ++id) {
    const pool::Population::Member& member = parts.population.at(id);
    const auto leave =
        backlog ? std::min(config.start_timeout, config.answer) : config.start_timeout;
    if (member.is(State::starting))
      next = std::min(next, pool::plus(member.since, config.start_timeout));
    if (member.is(State::leaving)) next = std::min(next, pool::plus(member.since, leave));
    if (member.is(State::ready) && !member.retired && config.max_age.count() != 0)
      next = std::min(next, pool::plus(member.born, config.max_age));
  }
  require(parts.population.next_change(backlog) == next, "of changes", 0);
}

}  // namespace

void check_sets(const SchedulerParts& parts) {
  const pool::WorkerSets& sets = parts.index.sets();
  for (WorkerId id = 0; id < parts.population.size(); ++id) {
    const Seen seen{parts, id};
    check_members(sets, seen);
    check_order(sets, seen);
    check_next_look(sets, seen);
  }
  check_population(parts.population);
  check_times(parts, false);
  check_times(parts, true);
}

}  // namespace brood::simulation

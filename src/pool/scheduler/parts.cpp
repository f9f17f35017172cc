#include "pool/scheduler/parts.hpp"

#include <cstddef>

namespace brood::pool {

SchedulerParts::SchedulerParts(const SchedulerConfig& its_config)
    : config(its_config),
      pending(store),
      jobs(actions, store, pending),
      population(config, actions),
      growth(config, population),
      clock(config, store),
      assignments(config, jobs, population),
      revocations(actions, jobs, population, clock, assignments),
      ends(config, jobs, store, population, clock, assignments, revocations),
      turnover(config, store, pending, population, growth, assignments, revocations),
      watchdog(config, store, population, clock, assignments, revocations, ends, intents),
      placement(config, actions, store, pending, population, assignments, revocations) {}

Growth::Demand SchedulerParts::demand() const {
  const std::size_t waiting = pending.waiting();
  const bool matters = waiting != 0 && population.alive() != population.size();
  return {waiting, matters ? assignments.free_workers() : 0, pending.in_line() != 0, store.empty()};
}

}  // namespace brood::pool

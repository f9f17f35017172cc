#include "pool/scheduler/parts.hpp"

namespace brood::pool {

SchedulerParts::SchedulerParts(const SchedulerConfig& its_config)
    : config(its_config),
      pending(store),
      jobs(actions, store, pending),
      population(config, actions),
      growth(config, population),
      clock(config, store),
      assignments(config, jobs, population),
      index(config, population, clock, assignments),
      revocations(actions, jobs, population, clock, assignments, index),
      ends(config, jobs, store, population, clock, assignments, revocations),
      turnover(config, store, pending, population, growth, assignments, index, revocations),
      watchdog(config, actions, store, population, clock, assignments, index, revocations, ends,
               intents),
      affinity(population),
      placement(config, actions, store, pending, population, assignments, index, revocations,
                affinity) {}

Growth::Demand SchedulerParts::demand() const {
  return {pending.waiting(), index.sets().free.size(), pending.in_line() != 0, store.empty()};
}

}  // namespace brood::pool

#pragma once

#include "pool/scheduler/placement.hpp"
#include "pool/scheduler/turnover.hpp"
#include "pool/scheduler/watchdog.hpp"

namespace brood::pool {

/// The parts of a scheduler, each with those that it calls: README.md.
struct SchedulerParts {
  explicit SchedulerParts(const SchedulerConfig& config);
  SchedulerParts(const SchedulerParts&) = delete;
  SchedulerParts& operator=(const SchedulerParts&) = delete;

  /// What there is to do, as all parts together know it.
  Growth::Demand demand() const;

  const SchedulerConfig config;
  Actions actions;
  Intents intents;
  JobStore store;
  PendingElements pending;
  Jobs jobs;
  Population population;
  Growth growth;
  OwnerClock clock;
  Assignments assignments;
  WorkerIndex index;
  Revocations revocations;
  WorkerEnds ends;
  Turnover turnover;
  Watchdog watchdog;
  Affinity affinity;
  Placement placement;
  bool look_soon = false;  // a page makes no sense: a tick is wanted at once
};

}  // namespace brood::pool

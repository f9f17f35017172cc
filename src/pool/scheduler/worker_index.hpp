#pragma once

#include <cstdint>

#include "pool/scheduler/assignments.hpp"

namespace brood::pool {

/// Workers by what is to be done with them: what a walk over all of them would find.
struct WorkerSets {
  explicit WorkerSets(std::size_t slots);

  // --- they hold nothing ---
  SlotSet free;             // they get what comes next
  SlotSet may_be_borrowed;  // of these, those that a caller may drive
  SlotSet unoccupied;       // ready, and driven by no caller
  SlotSet finished;         // of these, those that are to leave
  SlotHeap<Time> unused;    // ready, to stay, and without work of the dispatcher's: since when
  // --- they hold something ---
  SlotSet occupied;
  SlotHeap<std::uint64_t> by_work;  // they may be sent more: ns of expected work
  // What they have not begun may be taken back: they are ready, hold more than one element, and no
  // caller drives them.
  SlotHeap<Time> by_activity;  // when they were last heard of
  SlotHeap<int> by_priority;   // of the last that they hold
  // --- either ---
  SlotSet revoking;    // a revocation is on its way, or was when they were last looked at
  SlotHeap<Time> due;  // when the watchdog is to look at them
};

/// Keeps the sets. A part that changes a worker says so (Population, Assignments::edit), and the
/// index looks at those that have been changed when it is asked next. So no event costs more
/// because other workers are idle. README.md, "Sets of workers".
class WorkerIndex {
 public:
  WorkerIndex(const SchedulerConfig& config, Population& population, const OwnerClock& clock,
              const Assignments& assignments)
      : config_(config),
        population_(population),
        clock_(clock),
        assignments_(assignments),
        sets_(config.workers) {}

  /// As they are now. What changes a worker changes nothing here before this is called again.
  const WorkerSets& sets() const;

 private:
  void sort_in(WorkerId id) const;
  void sort_in_order(WorkerId id) const;
  Time next_look(WorkerId id) const;

  const SchedulerConfig& config_;
  Population& population_;
  const OwnerClock& clock_;
  const Assignments& assignments_;
  mutable WorkerSets sets_;  // of what has been changed they know nothing yet
};

}  // namespace brood::pool

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "pool/scheduler/clock.hpp"
#include "pool/scheduler/jobs.hpp"
#include "pool/scheduler/population.hpp"

namespace brood::pool {

/// What becomes of an element that runs in a worker that is stopped, but for one that is charged.
enum class WhatRuns : std::uint8_t {
  goes_back,  // the worker is stopped for another's sake
  is_lost,
};

/// An element has been asked to stop, and ends by `failure` when it has.
struct StopRequest {
  std::uint64_t sequence;  // its position
  ElementFailure failure;
  Time until;  // then its worker is stopped
};

/// What each worker holds, from its assignment until it has an outcome, is taken back
/// (Revocations), or the worker is gone (WorkerEnds).
class Assignments {
 public:
  enum class Asked : std::uint8_t { nothing, look, revoke };
  struct Worker {
    Held held;
    Observed observed;
    std::uint64_t sequence = 0;  // positions given out in this process's sequence
    std::uint64_t done = 0;
    bool revoking = false;  // a revocation has been asked for, and is not acknowledged
    WhatRuns what_runs = WhatRuns::is_lost;
    bool owing = false;  // outcomes that it should have reported had not come when it was stopped
    bool revoke_after_look = false;
    Asked asked = Asked::nothing;
    std::uint64_t answered = 0;             // how much it has begun, by the last answer
    std::uint64_t begun = 0, fence = 0;     // of the last revocation
    std::uint64_t keep = 0;                 // what it keeps whether it has begun that or not
    std::optional<Wait> at_stop;            // counts if the head had not begun when it was stopped
    std::optional<std::uint64_t> overdue;   // position of what it has not begun in time
    std::optional<ElementFailure> failure;  // why it was stopped while an element ran
    std::uint64_t failure_sequence = 0;     // position of that
    std::uint64_t stoppable = 0;            // as the last answer or look has it: Begun::stoppable
    std::optional<StopRequest> asked_to_stop;
  };

  Assignments(const SchedulerConfig& config, Jobs& jobs, Population& population)
      : jobs_(jobs), population_(population), workers_(config.workers) {}

  void started(WorkerId id) { edit(id) = {}; }
  void ready(WorkerId id, Time now) { edit(id).observed.last_activity = now; }
  /// Returns the chunk's position in the worker's sequence.
  std::uint64_t give(WorkerId id, Chunk chunk, Time now);
  Reception outcomes(WorkerId id, const Outcomes& outcomes, Time now);
  /// The request that the element at `sequence` stops, if that is under way.
  const StopRequest* stop_request(WorkerId id, std::uint64_t sequence) const {
    const auto& asked = workers_[id].asked_to_stop;
    return asked && asked->sequence == sequence ? &*asked : nullptr;
  }
  void skip(Time now, Nanoseconds stopped);

  const Worker& at(WorkerId id) const { return workers_[id]; }
  /// To change it, before anything asks the WorkerIndex again.
  Worker& edit(WorkerId id) {
    population_.note_change(id);
    return workers_[id];
  }
  std::size_t size() const noexcept { return workers_.size(); }
  /// Whether it may be sent something.
  bool takes_work(WorkerId id) const {
    return !workers_[id].revoking && population_.takes_work(id);
  }
  bool is_free(WorkerId id) const { return workers_[id].held.empty() && takes_work(id); }

 private:
  Reception stopped(WorkerId id, const Outcomes& outcomes, Time now);

  Jobs& jobs_;
  Population& population_;
  std::vector<Worker> workers_;
};

}  // namespace brood::pool

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "pool/scheduler/clock.hpp"
#include "pool/scheduler/jobs.hpp"
#include "pool/scheduler/population.hpp"

namespace brood::pool {

/// What each worker holds, from its assignment until it has an outcome, is taken back, or the
/// worker is gone. Asks what has begun, and takes back what has not: README.md, "Questions".
class Assignments {
 public:
  enum class Asked : std::uint8_t { nothing, look, revoke };
  struct Worker {
    Held held;
    Observed observed;
    std::uint64_t sequence = 0;  // positions given out in this process's sequence
    std::uint64_t done = 0;
    bool revoking = false;  // a revocation has been asked for, and is not acknowledged
    bool killed = false;    // stopped for another's sake than that of what runs
    bool owing = false;     // outcomes that it should have told had not come when it was stopped
    bool revoke_after_look = false;
    Asked asked = Asked::nothing;
    std::uint64_t told = 0;                 // how much it has begun, by the last answer
    std::uint64_t begun = 0, fence = 0;     // of the last revocation
    std::uint64_t keep = 0;                 // what it keeps whether it has begun that or not
    std::optional<Wait> at_stop;            // counts if the head had not begun when it was stopped
    std::optional<std::uint64_t> overdue;   // position of what it has not begun in time
    std::optional<ElementFailure> failure;  // why it was stopped while an element ran
    std::uint64_t failure_sequence = 0;     // position of that
  };

  Assignments(const SchedulerConfig& config, Actions& actions, Jobs& jobs, JobStore& store,
              Population& population, OwnerClock& clock)
      : config_(config),
        actions_(actions),
        jobs_(jobs),
        store_(store),
        population_(population),
        clock_(clock),
        workers_(config.workers) {}

  // --- what workers do ---
  void started(WorkerId id) { workers_[id] = {}; }
  void ready(WorkerId id, Time now) { workers_[id].observed.heard = now; }
  /// Returns the chunk's position in the worker's sequence.
  std::uint64_t give(WorkerId id, Chunk chunk, Time now) {
    Worker& worker = workers_[id];
    if (worker.held.empty()) worker.observed.heard = now;
    chunk.sequence = worker.sequence;
    worker.held.add(chunk);
    worker.sequence += chunk.count;
    population_.note_given(id, chunk.count);
    return chunk.sequence;
  }
  Reception outcomes(WorkerId id, const Outcomes& outcomes, Time now);
  /// False if no revocation with this fence waits for that, or outcomes are missing of what had
  /// begun before.
  bool acknowledged(WorkerId id, std::uint64_t fence);
  /// After Population::gone.
  void gone(WorkerId id, std::optional<std::uint64_t> claimed, Time now);
  void skip(Time now, Nanoseconds stopped);

  // --- questions ---
  void look(WorkerId id) { ask(id, Asked::look, 0); }
  /// Asks for what the worker has not begun, unless this clock alone decides about its head.
  void take_back(WorkerId id);
  void take_back_from_all(JobId job);
  /// The same of jobs that have ended at their first error.
  void take_back_failed();
  /// Asks for what it has not begun and stands at `keep` or behind it.
  void revoke(WorkerId id, std::uint64_t keep);
  void answer(WorkerId id, std::uint64_t begun);
  /// Whether a question has no answer yet.
  bool waits() const noexcept { return questions_ != 0; }

  // --- stops ---
  /// `killed`: for another's sake than that of what runs in it.
  void stop(WorkerId id, Time now, StopReason why = StopReason::none, bool killed = true);
  /// Outcomes that it should have told have not come: what it has begun is lost with them, unless
  /// they come yet, when what it has left is read.
  void note_owing(WorkerId id) { workers_[id].owing = true; }
  /// The element at `sequence` is what it is stopped for.
  void charge(WorkerId id, ElementFailure failure, std::uint64_t sequence);
  /// It has not begun in time what stands at `sequence`.
  void note_overdue(WorkerId id, std::uint64_t sequence) { workers_[id].overdue = sequence; }

  const Worker& at(WorkerId id) const { return workers_[id]; }
  Observed& observed(WorkerId id) { return workers_[id].observed; }
  std::size_t size() const noexcept { return workers_.size(); }
  /// Whether it may be sent something.
  bool takes_work(WorkerId id) const {
    return !workers_[id].revoking && population_.takes_work(id);
  }
  bool is_free(WorkerId id) const { return workers_[id].held.empty() && takes_work(id); }
  std::size_t free_workers() const;
  bool has_free_worker() const;
  /// Whether it keeps its head, and all behind it, until the clock has decided, as the last answer
  /// tells. Elements that go from worker to worker for other reasons, sooner than they are late,
  /// would never be.
  bool keeps_its_head(WorkerId id) const;

 private:
  void ask(WorkerId id, Asked what, std::uint64_t fence);
  void take_unbegun(Worker& worker, WorkerId id, std::uint64_t begun);
  void empty(WorkerId id, std::optional<std::uint64_t> claimed, Time now);
  std::uint64_t end_of_begun(Worker& worker, std::optional<std::uint64_t> claimed);
  void lose(WorkerId id, JobId job, std::size_t index, std::uint64_t sequence, Time now);

  const SchedulerConfig& config_;
  Actions& actions_;
  Jobs& jobs_;
  JobStore& store_;
  Population& population_;
  OwnerClock& clock_;
  std::vector<Worker> workers_;
  std::size_t questions_ = 0;  // without an answer
};

}  // namespace brood::pool

#pragma once

#include <cstddef>
#include <deque>
#include <exception>

#include <brood/kill.hpp>
#include "pool/base/core_lock.hpp"
#include "pool/driver/state.hpp"

namespace brood::pool {

/// Carries out what the scheduler wants: on jobs, outboxes, pages and, by WorkerProcesses,
/// processes. Threads: as the driver's.
class ActionExecutor {
 public:
  explicit ActionExecutor(DriverState& state) : state_(state) {}

  /// Carries out what was put off, and what the scheduler wants now. Threads: the dispatcher's.
  void act() BROOD_REQUIRES(core_lock);
  /// Carries out what a caller's thread may, and puts off the rest. Threads: any.
  void act_within_call() BROOD_REQUIRES(core_lock);
  /// Whether something waits for act().
  bool has_deferred() const noexcept BROOD_REQUIRES(core_lock) { return !deferred_.empty(); }
  /// What the link's worker is to forget goes into its outbox now. Threads: the one that drives it.
  void send_forgets(WorkerLink& link) BROOD_REQUIRES(core_lock);
  /// Cancels a job, or one element of it, and acts within the call. Whether something will not run
  /// because of that.
  bool cancel(JobId job, std::size_t element, Kill kill) BROOD_REQUIRES(core_lock);

 private:
  bool is_for_dispatcher(const Action& action) const BROOD_REQUIRES(core_lock);
  void carry_out_within_call(const Action& action) BROOD_REQUIRES(core_lock);
  void carry_out(const Action& action) BROOD_REQUIRES(core_lock);
  void carry_out(const Action& action, WorkerLink& link) BROOD_REQUIRES(core_lock);
  WorkerExit exit_of(const Action& action) const BROOD_REQUIRES(core_lock);
  void try_again(const Action& action) BROOD_REQUIRES(core_lock);
  void resolve(const Action& action) BROOD_REQUIRES(core_lock);
  void record_loss(const Action& action, const WorkerExit& exit) BROOD_REQUIRES(core_lock);
  void answer(const Action& question) BROOD_REQUIRES(core_lock);
  std::exception_ptr why_cancelled() const BROOD_REQUIRES(core_lock);
  void send(WorkerLink& link, const Action& action) BROOD_REQUIRES(core_lock);
  void finish(const Action& action) BROOD_REQUIRES(core_lock);
  void detach(JobId job) BROOD_REQUIRES(core_lock);
  bool is_driven(JobId id) const BROOD_REQUIRES(core_lock);
  void over(const Action& action) BROOD_REQUIRES(core_lock);

  DriverState& state_;
  std::deque<Action> deferred_ BROOD_GUARDED_BY(core_lock);  // for the dispatcher
};

}  // namespace brood::pool

#pragma once

#include <cstddef>
#include <deque>
#include <exception>
#include <optional>

#include "pool/driver/state.hpp"

namespace brood::pool {

/// Carries out what the scheduler wants: on jobs, outboxes, pages and, by the host, processes.
/// Threads: as the driver's.
class ActionExecutor {
 public:
  explicit ActionExecutor(DriverState& state) : state_(state) {}

  /// Carries out what was put off, and what the scheduler wants now. Threads: the dispatcher's.
  void act();
  /// Carries out what a caller's thread may, and puts off the rest. Threads: any.
  void act_within_call();
  /// Whether something waits for act().
  bool has_deferred() const noexcept { return !deferred_.empty(); }
  /// What the link's worker is to forget is told now, by the thread that drives the link.
  void tell_forgotten(WorkerLink& link);
  /// Cancels a job, or one element of it, and acts within the call. Whether something will not run
  /// because of that.
  bool cancel(JobId job, std::size_t element, bool kill);

 private:
  /// What a caller is cancelling.
  struct Cancelling {
    JobId job;
    std::size_t element;
    bool done;
  };

  bool is_for_dispatcher(const Action& action) const;
  void carry_out(const Action& action);
  void carry_out(const Action& action, WorkerLink& link);
  void answer(const Action& question);
  void note_cancelled(const Action& action);
  std::exception_ptr why_cancelled() const;
  void send(WorkerLink& link, const Action& action);
  void finish(const Action& action);
  void detach(JobId job);
  void over(const Action& action, bool referred_to);

  DriverState& state_;
  std::deque<Action> deferred_;  // for the dispatcher
  std::optional<Cancelling> cancelling_;
};

}  // namespace brood::pool

#include "pool/driver/state.hpp"

#include <utility>

#include "pool/failures/errors.hpp"

namespace brood::pool {

DriverState::DriverState(DriverConfig its_config, Scheduler& its_scheduler,
                         WorkerProcesses& its_processes, Callbacks& callbacks)
    : config(std::move(its_config)),
      processes(its_processes),
      scheduler(its_scheduler),
      counters(scheduler.view().config().workers),
      jobs(callbacks, counters, config.keeper),
      workers(scheduler.view().config().workers, processes),
      exits(scheduler.view().config().workers) {}

void DriverState::send(WorkerLink& link, const CallJob& job, const Assignment& assignment) {
  const Measured measured = config.recorder != nullptr ? Measured::yes : Measured::no;
  counters.sent(assignment, append_run(processes, link, job, assignment, measured), now);
  if (config.recorder != nullptr) config.recorder->sent(assignment, now);
}

// Where outboxes may have borrowed from it, the dispatcher sees to its end: as cancelled.
void DriverState::fail(CallJob& job, const std::exception_ptr& error) {
  if (!job.arguments().borrows() || job.driven) jobs.finish(job.id, error);
  scheduler.cancel(job.id, Action::all, Kill::yes, now);
}

void DriverState::keep(JobTable::Kept kept, JobId id) {
  if (kept != JobTable::Kept::not_recorded) return;
  if (CallJob* const job = jobs.find(id)) fail(*job, out_of_memory());
}

std::exception_ptr DriverState::current_fault() const {
  if (scheduler.is_torn()) throw;
  return std::current_exception();
}

// `error` becomes the outcome of what the worker has begun where it is not the worker's fault.
// Without memory for the stop the scheduler is torn, and the next turn ends the pool.
void DriverState::break_link(WorkerLink& link, const std::exception_ptr& error) noexcept {
  if (!workers.note_broken(link)) return;
  start_error = error;  // of use only if it never came up
  workers.note_fault(link, error);
  if_possible(
      [&]() BROOD_REQUIRES(core_lock) { scheduler.stop(link.id, StopReason::unreadable, now); });
}

void DriverState::break_and_stop(WorkerLink& link, const std::exception_ptr& error) noexcept {
  break_link(link, error);
  workers.stop(link, now);
}

}  // namespace brood::pool

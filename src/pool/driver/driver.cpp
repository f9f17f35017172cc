#include "pool/driver/driver.hpp"

#include <algorithm>
#include <utility>

#include "pool/failures/errors.hpp"

// Calls, and the workers that they borrow.
namespace brood::pool {

Driver::Driver(DriverConfig config, Scheduler& scheduler, Host& host, Callbacks& callbacks)
    : config_(std::move(config)),
      host_(host),
      scheduler_(scheduler),
      jobs_(callbacks),
      workers_(scheduler_.config().workers, host),
      exits_(scheduler_.config().workers) {
  out_of_memory();
}

Driver::~Driver() = default;

void Driver::add(const std::shared_ptr<CallJob>& job, const JobTraits& traits, std::size_t count,
                 bool last) {
  job->id = scheduler_.add(traits, count, last);
  jobs_.keep(job);
  if (count == 0 && last) act_within_call();  // it is finished
}

void Driver::extend(const CallJob& job, std::size_t count, bool last) {
  scheduler_.extend(job.id, job.finished() ? 0 : count, last);
  act_within_call();
}

bool Driver::cancel(JobId job, std::size_t element, Kill kill, Time now) {
  now_ = now;
  cancelling_ = Cancelling{job, element, false};
  scheduler_.cancel(job, element, kill == Kill::yes, now);
  act_within_call();
  return std::exchange(cancelling_, std::nullopt)->done;
}

void Driver::close(Closing how, Time now) {
  now_ = now;
  scheduler_.close(how, now);
  act_within_call();  // questions first, before what has been put off
  if (how == Closing::draining) act();
}

void Driver::cut_streams_short() {
  for (const auto& job : jobs_.all()) {
    if (!job || job->finished() || !job->waits_for_caller()) continue;
    job->cut_short();
    scheduler_.extend(job->id, 0, true);
  }
  act_within_call();
}

void Driver::collapse(const std::exception_ptr& reason) noexcept {
  scheduler_.close(Closing::when_done, now_);
  jobs_.finish_all(reason);
}

// What is written halfway is never sent.
WorkerLink* Driver::borrow(CallJob& job, Time now) {
  now_ = now;
  const std::optional<Assignment> assignment = scheduler_.borrow(job.id, now);
  if (!assignment) return nullptr;
  WorkerLink& link = *workers_.find(assignment->worker);
  link.borrowed = job.driven = true;
  try {
    tell_forgotten(link);
    append_run(link, job, *assignment);
  } catch (const std::exception&) {
    link.outbox.clear();
    break_link(link, std::current_exception());
  }
  return &link;
}

// A worker that is borrowed again and again never gets to the dispatcher, which would tell it.
void Driver::tell_forgotten(WorkerLink& link) {
  std::erase_if(deferred_, [&link](const Action& action) {
    if (action.kind != Action::Kind::forget || action.worker != link.id) return false;
    link.forget(action.job);
    return true;
  });
}

std::optional<bool> Driver::heard(WorkerLink& link, CallJob& job, bool moved,
                                  std::exception_ptr error, Time now) {
  now_ = now;
  try {
    if (moved) parse(link);
  } catch (const std::exception&) {
    error = std::current_exception();
  }
  if (error) break_link(link, error);
  act_within_call();
  const bool trouble = !moved || error;                  // only the dispatcher can stop it
  const bool elsewhere = scheduler_.view(link.id).idle;  // it will be tried again
  if (!trouble && !elsewhere && !job.finished()) return std::nullopt;
  // A worker may answer before it has read all of an argument. What is left of that goes with the
  // caller's frame; the worker drops it.
  if (!link.outbox.detach(job.id)) break_link(link, out_of_memory());
  give_back(link, job);
  return trouble || !job.finished() || scheduler_.view().wants_pump ||
         scheduler_.view(link.id).used_up || !deferred_.empty();
}

void Driver::give_back(WorkerLink& link, CallJob& job) noexcept {
  link.borrowed = job.driven = false;
  link.dirty = !link.outbox.empty();
  scheduler_.worker_event(link.id, WorkerEvent::given_back, now_);
}

// What the outbox has borrowed goes with the caller's frame: nothing may refer to it then.
void Driver::give_back_broken(WorkerLink& link, CallJob& job, Time now) {
  now_ = now;
  link.outbox.clear();
  break_link(link, out_of_memory());
  give_back(link, job);
  fail(job, out_of_memory());
  act_within_call();
}

}  // namespace brood::pool

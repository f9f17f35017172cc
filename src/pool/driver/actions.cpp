#include <new>
#include <utility>

#include "pool/driver/driver.hpp"
#include "pool/failures/errors.hpp"
#include "protocol/messages.hpp"

// What the scheduler wants, as it happens to workers and to jobs.
namespace brood::pool {

void Driver::act() {
  for (const Action& action : std::exchange(deferred_, {})) carry_out(action);
  while (const std::optional<Action> action = scheduler_.next()) carry_out(*action);
}

// What the dispatcher has to do comes behind what it has to do already.
void Driver::act_within_call() {
  while (const std::optional<Action> action = scheduler_.next()) {
    if (is_for_dispatcher(*action)) {
      deferred_.push_back(*action);
    } else if (action->kind == Action::Kind::over) {
      over(*action, true);  // outboxes are not to be looked into here
    } else {
      carry_out(*action);
    }
  }
}

// What touches processes and outboxes is the dispatcher's. So is the end of a job that has borrowed
// its caller's memory: the caller goes on as soon as it is told.
bool Driver::is_for_dispatcher(const Action& action) const {
  const CallJob* const job = jobs_.find(action.job);
  switch (action.kind) {
    case Action::Kind::look:
    case Action::Kind::revoke:
    case Action::Kind::cancelled:
    case Action::Kind::again:
    case Action::Kind::resolve:
      return false;
    case Action::Kind::finish:
      return job != nullptr && job->borrows() && !job->driven;
    case Action::Kind::over:
      return job != nullptr && !job->finished();  // behind its end
    default:
      return true;
  }
}

void Driver::carry_out(const Action& action) {
  switch (action.kind) {
    case Action::Kind::look:
    case Action::Kind::revoke:
      return answer(action);
    case Action::Kind::cancelled:
      return note_cancelled(action);
    case Action::Kind::again:
      return jobs_.note_attempt(action, exits_[action.worker]);
    case Action::Kind::resolve:
      return keep(jobs_.fail(action, exits_[action.worker]), action.job);
    case Action::Kind::finish:
      return finish(action);
    case Action::Kind::over:
      return over(action, workers_.refers_to(action.job));
    case Action::Kind::start:
      return host_.start(action.worker);
    default:
      break;
  }
  WorkerLink* const link = workers_.find(action.worker);
  if (link != nullptr) {
    carry_out(action, *link);
  } else if (action.kind == Action::Kind::stop) {
    host_.abandon_start(action.worker);
  }
}

// A page is memory: any thread with the lock may look at it, also at that of a borrowed worker.
// A worker that is gone is not asked any more.
void Driver::answer(const Action& question) {
  WorkerLink* const link = workers_.find(question.worker);
  if (link == nullptr) return;
  Begun begun{0};
  if (question.kind == Action::Kind::look) {
    begun.count = protocol::claimed(link->page());
  } else {
    begun.count = link->watch.revoke(link->page(), question.fence);
    begun.doubted = link->watch.doubted();  // the next tick ends it
  }
  scheduler_.answer(question.worker, begun);
}

void Driver::note_cancelled(const Action& action) {
  if (action.first != Action::all) jobs_.cancel(action.job, action.first, why_cancelled());
  if (cancelling_ && cancelling_->job == action.job && cancelling_->element == action.first)
    cancelling_->done = true;
}

void Driver::carry_out(const Action& action, WorkerLink& link) {
  switch (action.kind) {
    case Action::Kind::send:
      send(link, action);
      break;
    case Action::Kind::forget:
      if (link.borrowed) return deferred_.push_back(action);
      link.forget(action.job);
      break;
    case Action::Kind::wake:
      protocol::append_message(link.outbox.tail(), protocol::Type::wake);
      break;
    case Action::Kind::leave:
      return host_.hang_up(link);
    case Action::Kind::stop:
      workers_.note_doubt(link, action.why);
      return workers_.stop(link, now_);
    default:
      return;
  }
  link.dirty = true;
}

// Without memory for it the worker has got half a message, and the call would have no more luck
// with another.
void Driver::send(WorkerLink& link, const Action& action) {
  CallJob* const job = jobs_.find(action.job);
  if (job == nullptr || link.broken) return;
  try {
    append_run(link, *job, action.assignment);
  } catch (const std::exception&) {
    link.outbox.clear();
    broken(link, std::current_exception());
    fail(*job, out_of_memory());
  }
}

void Driver::finish(const Action& action) {
  const CallJob* const job = jobs_.find(action.job);
  if (job == nullptr) return;
  if (job->borrows() && !job->driven) detach(action.job);
  std::exception_ptr error;
  if (action.end == JobEnd::cancelled) {
    error = why_cancelled();
  } else if (action.end == JobEnd::no_workers) {
    error = start_error_;
  }
  jobs_.finish(action.job, error);
}

// Copies what outboxes have borrowed from the job, because its caller is about to go on.
void Driver::detach(JobId job) {
  for (const auto& link : workers_.all()) {
    if (link && !link->borrowed && !link->outbox.detach(job)) broken(*link, out_of_memory());
  }
}

std::exception_ptr Driver::why_cancelled() const {
  try {
    return std::make_exception_ptr(
        Cancelled(scheduler_.view().terminated ? "the pool was terminated before the task had ended"
                                               : "the task was cancelled"));
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

void Driver::over(const Action& action, bool referred_to) {
  jobs_.drop(action.job, referred_to);
  scheduler_.let_go(action.job);
}

void Driver::keep(JobTable::Kept kept, JobId id) {
  if (kept != JobTable::Kept::unsaid) return;
  if (CallJob* const job = jobs_.find(id)) fail(*job, out_of_memory());
}

// Where outboxes may have borrowed from it, the dispatcher sees to its end: as cancelled.
void Driver::fail(CallJob& job, const std::exception_ptr& error) {
  if (!job.borrows() || job.driven) jobs_.finish(job.id, error);
  scheduler_.cancel(job.id, Action::all, true, now_);
}

}  // namespace brood::pool

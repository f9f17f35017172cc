#include "pool/driver/action_executor.hpp"

#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "pool/failures/errors.hpp"
#include "protocol/messages.hpp"

namespace brood::pool {

void ActionExecutor::act() {
  for (const Action& action : std::exchange(deferred_, {})) carry_out(action);
  while (const std::optional<Action> action = state_.scheduler.next()) carry_out(*action);
}

// What the dispatcher has to do comes behind what it has to do already.
void ActionExecutor::act_within_call() {
  while (const std::optional<Action> action = state_.scheduler.next())
    carry_out_within_call(*action);
}

void ActionExecutor::carry_out_within_call(const Action& action) {
  if (is_for_dispatcher(action)) {
    deferred_.push_back(action);
  } else if (action.kind == Action::Kind::over) {
    over(action);  // with its arguments: outboxes are not to be looked into here
  } else {
    carry_out(action);
  }
}

// What touches processes and outboxes is the dispatcher's. So is the end of a job that has borrowed
// its caller's memory: the caller goes on as soon as it knows.
bool ActionExecutor::is_for_dispatcher(const Action& action) const {
  const CallJob* const job = state_.jobs.find(action.job);
  switch (action.kind) {
    case Action::Kind::look:
    case Action::Kind::revoke:
    case Action::Kind::cancelled:
    case Action::Kind::again:
    case Action::Kind::resolve:
      return false;
    case Action::Kind::finish:
      return job != nullptr && job->arguments().borrows() && !job->driven;
    case Action::Kind::over:
      return job != nullptr && !job->finished();  // behind its end
    default:
      return true;
  }
}

void ActionExecutor::carry_out(const Action& action) {
  switch (action.kind) {
    case Action::Kind::look:
    case Action::Kind::revoke:
      return answer(action);
    case Action::Kind::cancelled:
      if (state_.config.recorder != nullptr) state_.config.recorder->cancelled(state_.now);
      if (action.first == Action::all) return;
      return state_.jobs.cancel(action.job, action.first, why_cancelled());
    case Action::Kind::again:
      return try_again(action);
    case Action::Kind::resolve:
      return resolve(action);
    case Action::Kind::finish:
      return finish(action);
    case Action::Kind::over:
      if (!is_driven(action.job) && !state_.workers.refers_to(action.job))
        state_.jobs.drop_arguments(action.job);
      return over(action);
    case Action::Kind::start:
      return state_.processes.start(action.worker);
    default:
      break;
  }
  WorkerLink* const link = state_.workers.find(action.worker);
  if (link != nullptr) {
    carry_out(action, *link);
  } else if (action.kind == Action::Kind::stop) {
    state_.processes.abandon_start(action.worker);
  }
}

// What is known of a worker that has ended, or that has stopped an element by itself.
WorkerExit ActionExecutor::exit_of(const Action& action) const {
  if (!action.worker_lives) return state_.exits[action.worker];
  WorkerExit none;
  const WorkerLink* const link = state_.workers.find(action.worker);
  if (link == nullptr) return none;
  none.worker = link->identity();
  if_possible([&]() BROOD_REQUIRES(core_lock) {
    if (const auto output = state_.processes.take_output(*link, action.fence)) {
      CrashReport report;
      report.output = *output;
      none.report = std::make_shared<const CrashReport>(std::move(report));
    }
  });
  return none;
}

void ActionExecutor::try_again(const Action& action) {
  const WorkerExit exit = exit_of(action);
  record_loss(action, exit);
  state_.jobs.note_attempt(action, exit);
}

void ActionExecutor::resolve(const Action& action) {
  const WorkerExit exit = exit_of(action);
  record_loss(action, exit);
  state_.keep(state_.jobs.fail(action, exit), action.job);
}

void ActionExecutor::record_loss(const Action& action, const WorkerExit& exit) {
  Recorder* const recorder = state_.config.recorder;
  if (recorder == nullptr) return;
  recorder->lost(action.worker, action.job, action.first, JobTable::kind_of(action, exit),
                 state_.jobs.describe(action, exit), action.kind == Action::Kind::again,
                 state_.now);
}

// A page is memory: any thread with the lock may look at it, also at that of a borrowed worker.
// A worker that is gone is not asked any more.
void ActionExecutor::answer(const Action& question) {
  WorkerLink* const link = state_.workers.find(question.worker);
  if (link == nullptr) return;
  Begun begun{.count = 0, .stoppable = protocol::PageWatch::stoppable(link->page())};
  if (question.kind == Action::Kind::look) {
    begun.count = link->watch.begun(link->page());
  } else {
    if (state_.config.recorder != nullptr)
      state_.config.recorder->revoked(question.worker, state_.now);
    link->watch.ask(link->page(), question.fence);
    using Barrier = protocol::PageWatch::Barrier;
    const bool is_ordered = !link->relies_on_barrier || state_.processes.order_workers_memory();
    begun.count = link->watch.decide(link->page(), is_ordered ? Barrier::passed : Barrier::refused);
    begun.doubted = link->watch.doubted();  // the next tick ends it
  }
  state_.scheduler.answer(question.worker, begun);
}

void ActionExecutor::carry_out(const Action& action, WorkerLink& link) {
  state_.workers.touch(link);
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
      return link.end_tasks();
    case Action::Kind::ask_to_stop:
      return link.request_stop(action.fence + 1);
    case Action::Kind::stop:
      state_.workers.note_stop_reason(link, action.why);
      return state_.workers.ask_and_stop(link, state_.now);
    default:
      return;
  }
}

// Without memory for it the worker has got half a message, and the call would have no more luck
// with another.
void ActionExecutor::send(WorkerLink& link, const Action& action) {
  CallJob* const job = state_.jobs.find(action.job);
  if (job == nullptr || link.broken) return;
  try {
    state_.send(link, *job, action.assignment);
  } catch (const std::exception&) {
    link.outbox.clear();
    state_.break_and_stop(link, std::current_exception());
    state_.fail(*job, out_of_memory());
  }
}

void ActionExecutor::finish(const Action& action) {
  const CallJob* const job = state_.jobs.find(action.job);
  if (job == nullptr) return;
  if (job->arguments().borrows() && !job->driven) detach(action.job);
  std::exception_ptr error;
  if (action.end == JobEnd::cancelled) {
    error = why_cancelled();
  } else if (action.end == JobEnd::no_workers) {
    error = state_.start_error;
  }
  state_.jobs.finish(action.job, error);
  if (state_.config.recorder != nullptr) state_.config.recorder->finished(action.job, state_.now);
}

// Copies what outboxes have borrowed from the job, because its caller is about to go on.
void ActionExecutor::detach(JobId job) {
  for (const WorkerId id : state_.workers.unwritten()) {
    WorkerLink& link = *state_.workers.find(id);
    if (!link.outbox.detach(job)) state_.break_and_stop(link, out_of_memory());
  }
}

std::exception_ptr ActionExecutor::why_cancelled() const {
  try {
    return std::make_exception_ptr(
        Cancelled(state_.scheduler.view().pool().terminated
                      ? "the pool was terminated before the task had ended"
                      : "the task was cancelled"));
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

bool ActionExecutor::is_driven(JobId id) const {
  const CallJob* const job = state_.jobs.find(id);
  return job != nullptr && job->driven;
}

void ActionExecutor::over(const Action& action) {
  state_.jobs.drop(action.job);
  if (state_.config.recorder != nullptr) state_.config.recorder->over(action.job);
  state_.scheduler.let_go(action.job);
}

// A worker that is borrowed again and again never gets to the dispatcher, which else sends these.
void ActionExecutor::send_forgets(WorkerLink& link) {
  std::erase_if(deferred_, [&link](const Action& action) BROOD_REQUIRES(core_lock) {
    if (action.kind != Action::Kind::forget || action.worker != link.id) return false;
    link.forget(action.job);
    return true;
  });
}

bool ActionExecutor::cancel(JobId job, std::size_t element, Kill kill) {
  state_.scheduler.cancel(job, element, kill, state_.now);
  bool cancelled = false;
  while (const std::optional<Action> action = state_.scheduler.next()) {
    cancelled |=
        action->kind == Action::Kind::cancelled && action->job == job && action->first == element;
    carry_out_within_call(*action);
  }
  return cancelled;
}

}  // namespace brood::pool

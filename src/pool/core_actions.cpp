#include <csignal>
#include <utility>

#include "pool/core.hpp"
#include "wire/exception.hpp"

// What the scheduler wants, as it happens to jobs and to those who wait for them.
namespace brood::pool {

void Core::perform(Hands* hands) {
  if (hands != nullptr) {
    for (const Action& action : std::exchange(deferred_, {})) carry_out(action, hands);
  }
  while (const std::optional<Action> action = scheduler_.next()) carry_out(*action, hands);
}

// What touches pipes and processes is the dispatcher's; and so is the end of a job that has lent
// memory of its caller's, who goes on as soon as it is told.
void Core::carry_out(const Action& action, Hands* hands) {
  switch (action.kind) {
    case Action::Kind::look:
    case Action::Kind::revoke:
      return answer(action);
    case Action::Kind::cancelled:
      return end_cancelled(action);
    case Action::Kind::again:
      return try_again(action);
    case Action::Kind::resolve:
      return resolve(action);
    case Action::Kind::finish: {
      const Work* const work = find_work(action.job);
      const bool lends = work != nullptr && work->lends() && !work->driven;
      if (lends) {
        if (hands == nullptr) return deferred_.push_back(action);
        hands->detach(action.job);
      }
      return finish(action);
    }
    case Action::Kind::over: {
      const Work* const work = find_work(action.job);
      const bool ended = work == nullptr || work->finished();
      if (!ended && hands == nullptr) return deferred_.push_back(action);  // behind its end
      return over(action, hands);
    }
    default:
      if (hands == nullptr) return deferred_.push_back(action);
      return hands->carry_out(action);
  }
}

// One that is gone is not asked any more.
void Core::answer(const Action& question) {
  WorkerLink* const link = links_[question.worker].get();
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

// A call that travels with others ends here; the others go on.
void Core::end_cancelled(const Action& action) {
  if (to_cancel_ == nullptr || to_cancel_->id != action.job ||
      to_cancel_->place.value_or(Action::all) != action.first)
    return;
  JobState& state = *std::exchange(to_cancel_, nullptr);
  if (state.place) state.finish(why_cancelled(), callbacks_);
}

Work* Core::find_work(JobId id) {
  const std::uint32_t slot = slot_of(id);
  return slot < jobs_.size() && jobs_[slot] && jobs_[slot]->id == id ? jobs_[slot].get() : nullptr;
}

void Core::resolve(const Action& action) {
  Work* const work = find_work(action.job);
  if (work == nullptr) return;
  try {
    auto failure = std::make_unique<detail::Failure>();
    failure->worker = exits_[action.worker].worker;
    failure->local = failure_of(*work, action, work->take_attempts(action.first));
    work->fail(action.first, std::move(failure), callbacks_);
  } catch (const std::bad_alloc&) {
    refuse(*work, action.first, 1, no_memory_);
  }
}

void Core::try_again(const Action& action) {
  Work* const work = find_work(action.job);
  if (work == nullptr) return;
  try {
    work->note_attempt(action.first, wire::describe_exception(failure_of(*work, action, {})));
  } catch (const std::bad_alloc&) {
    // The last attempt tells of one less.
  }
}

// Of an element whose worker cannot tell.
std::exception_ptr Core::failure_of(const Work& work, const Action& action,
                                    Attempts attempts) const {
  const Exit& exit = exits_[action.worker];
  const std::size_t index = work.index_in_call(action.first);
  switch (action.failure) {
    case ElementFailure::lost:
      if (exit.fault_of_ours) return exit.fault_of_ours;
      break;
    case ElementFailure::timed_out:
      return std::make_exception_ptr(TaskTimeout(work.terms().timeout.value_or(Nanoseconds(0)),
                                                 index, exit.worker, std::move(attempts)));
    case ElementFailure::cancelled:
      return std::make_exception_ptr(Cancelled("the task was cancelled while it ran"));
  }
  return std::make_exception_ptr(
      WorkerLost(exit.status, exit.worker, index, exit.report, std::move(attempts)));
}

void Core::finish(const Action& action) {
  Work* const work = find_work(action.job);
  if (work == nullptr || work->finished()) return;
  std::exception_ptr error;
  if (action.end == JobEnd::cancelled) {
    error = why_cancelled();
  } else if (action.end == JobEnd::no_workers) {
    error = start_error_;
  }
  work->finish(error, callbacks_);
}

std::exception_ptr Core::why_cancelled() const {
  try {
    return std::make_exception_ptr(
        Cancelled(scheduler_.view().terminated ? "the pool was terminated before the task had ended"
                                               : "the task was cancelled"));
  } catch (const std::bad_alloc&) {
    return no_memory_;
  }
}

// Without memory for it, what is known without a report.
Core::Exit Core::exit_of(const WorkerLink& link, const Death& death) const noexcept {
  Exit exit;
  exit.status = death.ended.status;
  exit.fault_of_ours = link.fault_of_ours;
  try {
    exit.worker = link.identity();
    exit.report = make_report(link, death, supervisor_.limits());
  } catch (const std::bad_alloc&) {
    if (!exit.fault_of_ours) exit.fault_of_ours = no_memory_;
  }
  return exit;
}

std::exception_ptr Core::why_not_ready(const WorkerLink& link, const Exit& exit) const noexcept {
  if (!exit.report) return no_memory_;
  try {
    return supervisor_.why_not_ready(link, exit.status, *exit.report);
  } catch (const std::bad_alloc&) {
    return no_memory_;
  }
}

void Core::bury(WorkerId id, const Death& death) {
  WorkerLink& link = *links_[id];
  const ExitStatus& status = death.ended.status;
  exits_[id] = exit_of(link, death);
  if (!scheduler_.view(id).came_up) {
    if (!start_error_) note_start_error(why_not_ready(link, exits_[id]));
    const bool killed = status.kind == ExitStatus::Kind::signaled && status.value == SIGKILL;
    if (killed && link.oversize == 0 && !supervisor_.is_late(link))
      scheduler_.start_failed(id, std::chrono::steady_clock::now(), StartFailure::struck_down);
  }
  scheduler_.worker_gone(id, begun_by_the_dead(link), std::chrono::steady_clock::now());
  links_[id].reset();
}

// Its result may be kept for long: then without the arguments.
void Core::over(const Action& action, const Hands* hands) {
  if (Work* const work = find_work(action.job)) {
    if (hands != nullptr && !hands->refers_to(action.job)) work->drop_arguments();
    jobs_[slot_of(action.job)].reset();
  }
  scheduler_.let_go(action.job);
}

}  // namespace brood::pool

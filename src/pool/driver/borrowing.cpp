#include "pool/driver/borrowing.hpp"

#include <utility>

#include "pool/failures/errors.hpp"

namespace brood::pool {

// What is written halfway is never sent.
WorkerLink* Borrowing::borrow(CallJob& job, Time now) {
  state_.now = now;
  const std::optional<Assignment> assignment = state_.scheduler.borrow(job.id, now);
  if (!assignment) return nullptr;
  WorkerLink& link = *state_.workers.find(assignment->worker);
  link.borrowed = job.driven = true;
  try {
    actions_.send_forgets(link);
    state_.send(link, job, *assignment);
  } catch (const std::exception&) {
    link.outbox.clear();
    state_.break_link(link, std::current_exception());
  }
  return &link;
}

std::optional<bool> Borrowing::read(WorkerLink& link, CallJob& job, News news,
                                    std::exception_ptr error, Time now, std::size_t most) {
  state_.now = now;
  try {
    if (news == News::written) reader_.read(link, most);
  } catch (const std::exception&) {
    error = state_.current_fault();
  }
  return after_reading(link, job, news, error);
}

std::optional<bool> Borrowing::took(WorkerLink& link, CallJob& job,
                                    const protocol::ParentSide::LargeResult& result, Time now) {
  state_.now = now;
  std::exception_ptr error;
  try {
    reader_.took(link, result);
  } catch (const std::exception&) {
    error = state_.current_fault();
  }
  return after_reading(link, job, News::written, error);
}

std::optional<bool> Borrowing::after_reading(WorkerLink& link, CallJob& job, News news,
                                             const std::exception_ptr& error) {
  if (error) state_.break_link(link, error);
  actions_.act_within_call();
  const bool trouble = news == News::none || error;  // only the dispatcher can stop it
  const bool elsewhere = state_.scheduler.view().worker(link.id).idle;  // it will be tried again
  if (!trouble && !elsewhere && !job.finished()) return std::nullopt;
  // A worker may answer before it has read all of an argument. What is left of that goes with the
  // caller's frame; the worker drops it.
  if (!link.outbox.detach(job.id)) state_.break_link(link, out_of_memory());
  give_back(link, job);
  return trouble || !job.finished() || link.skipped != 0 || !link.outbox.empty() ||
         state_.scheduler.view().pool().wants_pump ||
         state_.scheduler.view().worker(link.id).used_up || actions_.has_deferred();
}

void Borrowing::give_back(WorkerLink& link, CallJob& job) {
  link.borrowed = job.driven = false;
  state_.workers.touch(link);
  state_.scheduler.worker_event(link.id, WorkerEvent::given_back, state_.now);
}

// What the outbox has borrowed goes with the caller's frame: nothing may refer to it then.
void Borrowing::give_back_broken(WorkerLink& link, CallJob& job, Time now) {
  state_.now = now;
  link.outbox.clear();
  state_.break_link(link, out_of_memory());
  give_back(link, job);
  state_.fail(job, out_of_memory());
  actions_.act_within_call();
}

// One that is still to be written to is looked at again.
void Borrowing::offer_idle_workers() {
  for (const WorkerId id : state_.workers.settled()) {
    WorkerLink* const link = state_.workers.find(id);
    if (link == nullptr || link->borrowed) continue;
    set_borrowable(*link, may_be_borrowed(*link));
    if (!link->outbox.empty()) state_.workers.touch(*link);
  }
}

// Not where memory is watched: nothing would look at it meanwhile.
bool Borrowing::may_be_borrowed(const WorkerLink& link) const {
  return !state_.config.limits.resident_hard && !link.hung_up &&
         state_.scheduler.view().worker(link.id).free && link.outbox.empty() && link.skipped == 0;
}

void Borrowing::withdraw(WorkerLink& link) {
  state_.workers.touch(link);
  set_borrowable(link, false);
}

void Borrowing::set_borrowable(WorkerLink& link, bool borrowable) {
  if (std::exchange(link.borrowable, borrowable) == borrowable) return;
  state_.scheduler.worker_event(
      link.id, borrowable ? WorkerEvent::borrowable : WorkerEvent::not_borrowable, state_.now);
}

}  // namespace brood::pool

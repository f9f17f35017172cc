#include <algorithm>
#include <utility>

#include "owner.hpp"
#include "protocol/messages.hpp"

// From what the scheduler wants to what is done, and the mutations in between.
namespace brood::simulation {

using pool::Action;

void Owner::perform(bool dispatcher) {
  if (dispatcher) {
    for (const Action& action : std::exchange(deferred_, {})) carry_out(action, true);
  }
  while (const std::optional<Action> action = next_action()) {
    show(*action);
    carry_out(*action, dispatcher);
  }
}

void Owner::show(const Action& action) {
  switch (action.kind) {
    case Action::Kind::look:
    case Action::Kind::revoke:
      return;
    case Action::Kind::cancelled:
      cancelled_ = true;
      if (action.first == Action::all) return referee_.cancelled(action.job, true);
      return referee_.cancelled(action.job, action.first);
    case Action::Kind::resolve:
      return referee_.resolved(action);
    case Action::Kind::again:
      return referee_.tried_again(action);
    case Action::Kind::finish:
      return referee_.finished(action.job, action.end);
    case Action::Kind::over:
      return referee_.over(action.job);
    case Action::Kind::send:
      return referee_.sent(action.assignment);
    case Action::Kind::forget:
      return referee_.forgets(action.worker, action.job);
    case Action::Kind::wake:
      return referee_.nudged(action.worker);
    case Action::Kind::leave:
      return referee_.leaving(action.worker);
    case Action::Kind::start:
      return referee_.starting(action.worker);
    case Action::Kind::stop:
      if (!starts_[action.worker]) referee_.stopping(action.worker);
      return;
  }
}

// As Core::carry_out.
void Owner::carry_out(const Action& action, bool dispatcher) {
  const Call* const call = find_call(action.job);
  switch (action.kind) {
    case Action::Kind::look:
    case Action::Kind::revoke:
      return answer(action);
    case Action::Kind::cancelled:
    case Action::Kind::resolve:
    case Action::Kind::again:
      return;
    case Action::Kind::finish:
      if (!dispatcher && call != nullptr && call->lends && !driven(action.job)) break;
      return finish(action.job);
    case Action::Kind::over:
      if (!dispatcher && call != nullptr && !call->told) break;  // behind its end
      return over(action);
    case Action::Kind::start:
      if (!dispatcher) break;
      return start(action.worker);
    default:
      if (!dispatcher) break;
      if (Link* const link = links_[action.worker].get()) carry_out(action, *link);
      return;  // it may have died meanwhile
  }
  defer(action);
}

void Owner::defer(const Action& action) {
  const bool ends = action.kind == Action::Kind::over;
  environment_.census.deferred_ends += ends;
  deferred_.push_back(action);
  if (!ends || !mutate(Mutation::free_a_slot_early)) return;
  freed_early_.insert(action.job);
  scheduler_.let_go(action.job);
}

void Owner::carry_out(const Action& action, Link& link) {
  switch (action.kind) {
    case Action::Kind::send:
      if (find_call(action.job) != nullptr) send(action.assignment, link);
      return;
    case Action::Kind::forget:
      if (link.lent) return deferred_.push_back(action);
      return protocol::append_message(link.outbox, protocol::Type::forget,
                                      protocol::ForgetHeader{action.job});
    case Action::Kind::wake:
      return protocol::append_message(link.outbox, protocol::Type::nudge);
    case Action::Kind::leave:
      link.process->tasks.closed = true;
      return;
    case Action::Kind::stop:
      return stop(link);
    default:
      return;
  }
}

void Owner::keep(JobId job, const JobPlan& plan) {
  const std::uint32_t slot = pool::slot_of(job);
  if (calls_.size() <= slot) calls_.resize(slot + 1);
  calls_[slot] = Call{job, plan.lends, false};
}

Call* Owner::find_call(JobId job) {
  const std::uint32_t slot = pool::slot_of(job);
  if (slot >= calls_.size() || !calls_[slot] || calls_[slot]->id != job) return nullptr;
  return &*calls_[slot];
}

bool Owner::driven(JobId job) const {
  return std::any_of(links_.begin(), links_.end(), [job](const auto& link) {
    return link && link->lent && link->lent_for == job;
  });
}

void Owner::finish(JobId job) {
  Call* const call = find_call(job);
  if (call == nullptr || std::exchange(call->told, true)) return;
  finished_.insert(job);
  referee_.caller_told(job);
}

void Owner::over(const Action& action) {
  if (find_call(action.job) != nullptr) calls_[pool::slot_of(action.job)].reset();
  if (!freed_early_.contains(action.job)) scheduler_.let_go(action.job);
}

std::optional<Action> Owner::next_action() {
  if (again_) return std::exchange(again_, std::nullopt);
  while (const auto action = scheduler_.next()) {
    if (const auto kept = mutated(*action)) return kept;
  }
  return std::nullopt;
}

std::optional<Action> Owner::mutated(Action action) {
  const auto drops = [&](Action::Kind kind, Mutation mutation) {
    return action.kind == kind && mutate(mutation);
  };
  if (environment_.parameters.mutation == Mutation::none) return action;
  if (drops(Action::Kind::send, Mutation::drop_send) ||
      drops(Action::Kind::resolve, Mutation::drop_resolve) ||
      drops(Action::Kind::finish, Mutation::drop_finish) ||
      drops(Action::Kind::over, Mutation::drop_over) ||
      drops(Action::Kind::start, Mutation::drop_start) ||
      drops(Action::Kind::leave, Mutation::drop_leave) ||
      drops(Action::Kind::wake, Mutation::drop_nudge) ||
      drops(Action::Kind::stop, Mutation::drop_stop))
    return std::nullopt;
  if (drops(Action::Kind::send, Mutation::duplicate_send) ||
      drops(Action::Kind::resolve, Mutation::duplicate_resolve) ||
      drops(Action::Kind::finish, Mutation::duplicate_finish))
    again_ = action;
  if (drops(Action::Kind::send, Mutation::send_out_of_sequence)) ++action.assignment.sequence;
  if (drops(Action::Kind::resolve, Mutation::resolve_the_neighbour)) ++action.first;
  if (drops(Action::Kind::finish, Mutation::over_before_finish)) {
    again_ = action;
    action.kind = Action::Kind::over;
  }
  if (drops(Action::Kind::send, Mutation::leave_early)) {
    again_ = action;
    action.kind = Action::Kind::leave;
  }
  return action;
}

}  // namespace brood::simulation

#include <algorithm>
#include <utility>

#include "owner.hpp"
#include "protocol/messages.hpp"

// From what the scheduler wants to what is done, and the mutations in between.
namespace brood::simulation {

using pool::Action;

void Owner::perform(bool dispatcher) {
  if (dispatcher) {
    for (const Action& action : std::exchange(deferred_, {})) carry_out(action);
  }
  while (const std::optional<Action> action = next_action()) {
    switch (action->kind) {
      case Action::Kind::resolve:
        referee_.resolved(*action);
        break;
      case Action::Kind::again:
        referee_.tried_again(*action);
        break;
      case Action::Kind::finish:
        finished_.insert(action->job);
        referee_.finished(action->job, action->verdict);
        break;
      case Action::Kind::over:
        referee_.over(action->job);
        scheduler_.let_go(action->job);
        break;
      default:
        show(*action);
        if (dispatcher) {
          carry_out(*action);
        } else {
          deferred_.push_back(*action);
        }
    }
  }
}

void Owner::show(const Action& action) {
  switch (action.kind) {
    case Action::Kind::send:
      return referee_.sent(action.assignment);
    case Action::Kind::forget:
      return referee_.forgets(action.worker, action.job);
    case Action::Kind::nudge:
      return referee_.nudged(action.worker);
    case Action::Kind::leave:
      return referee_.leaving(action.worker);
    case Action::Kind::start:
      return referee_.starting(action.worker);
    case Action::Kind::stop:
      if (!starts_[action.worker]) referee_.stopping(action.worker);
      return;
    default:
      return;
  }
}

void Owner::carry_out(const Action& action) {
  if (action.kind == Action::Kind::start) return start(action.worker);
  Link* const link = links_[action.worker].get();
  if (link == nullptr) return;  // it has died meanwhile
  switch (action.kind) {
    case Action::Kind::send:
      return send(action.assignment, *link);
    case Action::Kind::forget:
      if (link->lent) return deferred_.push_back(action);
      return protocol::append_message(link->outbox, protocol::Type::forget,
                                      protocol::ForgetHeader{action.job});
    case Action::Kind::nudge:
      return protocol::append_message(link->outbox, protocol::Type::nudge);
    case Action::Kind::leave:
      link->process->tasks.closed = true;
      return;
    case Action::Kind::stop:
      return stop(*link);
    default:
      return;
  }
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
      drops(Action::Kind::nudge, Mutation::drop_nudge) ||
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

#include "pool/scheduler/scheduler_view.hpp"

#include <algorithm>

namespace brood::pool {

using State = Population::State;

std::optional<Time> SchedulerView::next_tick() const {
  if (parts_->look_soon) return Time{};
  const bool backlog = parts_->pending.in_line() != 0;
  Time soonest = std::min(parts_->population.next_change(backlog), parts_->watchdog.next_look());
  if (parts_->growth.wants_worker(parts_->demand()))
    soonest = std::min(soonest, parts_->growth.next_start(backlog));
  if (parts_->config.idle_timeout.count() != 0 && parts_->growth.may_shrink())
    soonest = std::min(soonest, parts_->turnover.next_idle());
  const std::optional<Time> delayed = parts_->pending.next_delayed();
  if (delayed && *delayed <= soonest) return delayed;
  return soonest == Time::max() ? std::nullopt : std::optional(soonest);
}

WorkerView SchedulerView::worker(WorkerId id) const {
  const Population::Member& member = parts_->population.at(id);
  const Assignments::Worker& worker = parts_->assignments.at(id);
  const bool idle = worker.held.empty();
  const char* state = "leaving";
  if (member.is(State::vacant)) state = "gone";
  if (member.is(State::starting)) state = "starting";
  if (member.is(State::ready)) state = idle ? "idle" : "busy";
  return {state,
          worker.done,
          worker.sequence,
          idle,
          parts_->assignments.is_free(id),
          member.came_up,
          parts_->population.used_up(id)};
}

PoolView SchedulerView::pool() const noexcept {
  const bool backlog = parts_->pending.in_line() != 0;
  return {.closing = parts_->growth.closing(),
          .terminated = parts_->growth.terminated(),
          .drained = parts_->store.empty(),
          .all_gone = parts_->population.alive() == 0,
          .backlog = backlog,
          .wants_pump = backlog || parts_->growth.closing(),
          .busy = parts_->population.starting() != 0 || !occupied().empty()};
}

}  // namespace brood::pool

#include "pool/scheduler/growth.hpp"

#include <algorithm>
#include <utility>

namespace brood::pool {

using State = Population::State;

void Growth::started(WorkerId id, Time now) {
  Start& start = starts_[id];
  start.hopeless = start.killed_from_outside = false;
  lack_since_ = {};
  population_.started(id, now);
}

bool Growth::ready(WorkerId id) {
  if (!population_.ready(id)) return false;
  starts_[id].failures = starts_[id].outside_kills = 0;
  had_worker_ = true;
  return true;
}

bool Growth::start_failed(WorkerId id, Time now) {
  population_.vacate(id);
  return note_failure(starts_[id], Failure::may_pass, now);
}

// That may pass: where there have been workers before, it counts only when it lasts.
bool Growth::short_of_resources(WorkerId id, Time now) {
  if (!had_worker_) return start_failed(id, now);
  if (lack_since_ == Time{}) lack_since_ = now;
  if (now - lack_since_ >= config_.lack) return start_failed(id, now);
  population_.vacate(id);
  starts_[id].next = now + config_.first_backoff;
  return false;
}

bool Growth::gone(WorkerId id, Time now) {
  population_.vacate(id);
  Start& start = starts_[id];
  start.next = now;
  if (population_.at(id).came_up || terminated_) return false;
  return note_failure(start, start.hopeless ? Failure::lasts : Failure::may_pass, now);
}

// True if all that could be started have failed too often.
bool Growth::note_failure(Start& start, Failure failure, Time now) {
  if (std::exchange(start.killed_from_outside, false) &&
      ++start.outside_kills % config_.outside_kills != 0) {
    start.next = now + config_.first_backoff;
    return false;
  }
  ++start.failures;
  if (failure == Failure::lasts) start.failures = std::max(start.failures, config_.start_attempts);
  const std::uint32_t doublings = std::min<std::uint32_t>(start.failures - 1, 10);
  start.next = now + std::min(config_.last_backoff, config_.first_backoff * (1 << doublings));
  // Another one may be on its way.
  if (start.failures < config_.start_attempts && population_.alive() != 0) return false;
  return nothing_will_come_up();
}

// Starts may fail in turns, so that one of them is always on its way: one that has failed too often
// before keeps up no hope.
bool Growth::nothing_will_come_up() const {
  std::size_t failing = 0;
  for (WorkerId id = 0; id < starts_.size(); ++id) {
    const Population::Member& member = population_.at(id);
    if (!member.is(State::vacant) && (member.came_up || !has_failed_for_good(id))) return false;
    failing += has_failed_for_good(id);
  }
  return failing >= std::max<std::size_t>(least(), 1);
}

bool Growth::has_failed_for_good(WorkerId id) const {
  return starts_[id].failures >= config_.start_attempts;
}

void Growth::start_due(const Demand& demand, Time now) {
  for (const WorkerId id : population_.vacant()) {
    if (!wants_worker(demand)) return;
    if (now >= starts_[id].next && can_start(id, demand.backlog)) population_.start(id, now);
  }
}

// Of a vacant slot.
bool Growth::can_start(WorkerId id, bool backlog) const {
  return !has_failed_for_good(id) || backlog;
}

Time Growth::next_start(bool backlog) const {
  Time next = Time::max();
  for (const WorkerId id : population_.vacant()) {
    if (can_start(id, backlog)) next = std::min(next, starts_[id].next);
  }
  return next;
}

std::size_t Growth::least() const {
  return std::min<std::size_t>(config_.min_workers.value_or(config_.workers), population_.size());
}

// Beyond the minimum one more for each element that waits, less those that come anyway.
bool Growth::wants_worker(const Demand& demand) const {
  if (terminated_ || (closing_ && demand.drained)) return false;
  if (population_.alive() < least()) return true;
  if (population_.alive() == population_.size() || demand.waiting == 0) return false;
  return demand.waiting > demand.idle + population_.starting();
}

}  // namespace brood::pool

#include "pool/scheduler/population.hpp"

#include <algorithm>

namespace brood::pool {

Population::Population(const SchedulerConfig& config, Actions& actions)
    : config_(config),
      actions_(actions),
      members_(config.workers),
      vacant_(config.workers),
      staying_(config.workers),
      starting_(config.workers),
      leaving_(config.workers),
      aging_(config.workers),
      changed_(config.workers) {
  for (WorkerId id = 0; id < members_.size(); ++id) sort_in(id);
}

void Population::become(WorkerId id, State state) {
  members_[id].state = state;
  sort_in(id);
}

// To be called whenever a member has changed.
void Population::sort_in(WorkerId id) noexcept {
  const Member& member = members_[id];
  const bool starting = member.is(State::starting), ready = member.is(State::ready);
  vacant_.set(id, member.is(State::vacant));
  starting_.set(id, starting, member.since);
  leaving_.set(id, member.is(State::leaving), member.since);
  staying_.set(id, (starting || ready) && !used_up(id));
  aging_.set(id, ready && !member.retired && config_.max_age.count() != 0, member.born);
  note_change(id);
}

void Population::start(WorkerId id, Time now) {
  members_[id].came_up = false;
  members_[id].since = now;
  become(id, State::starting);
  actions_.add({.kind = Action::Kind::start, .worker = id});
}

void Population::started(WorkerId id, Time now) {
  Member& member = members_[id];
  const State before = member.state;
  member = Member{};
  member.since = member.born = now;
  become(id, State::starting);
  // What was to be stopped is there now.
  if (before == State::stopping) stop(id, now, StopReason::none);
}

bool Population::ready(WorkerId id) {
  if (!members_[id].is(State::starting)) return false;
  members_[id].came_up = true;
  become(id, State::ready);
  return true;
}

void Population::vacate(WorkerId id) {
  members_[id].borrowed = false;
  become(id, State::vacant);
}

bool Population::stop(WorkerId id, Time now, StopReason why) {
  Member& member = members_[id];
  if (member.state == State::vacant || member.state == State::stopping) return false;
  member.since = now;
  become(id, State::stopping);
  actions_.add({.kind = Action::Kind::stop, .worker = id, .why = why});
  return true;
}

void Population::leave(WorkerId id, Time now) {
  members_[id].since = now;
  become(id, State::leaving);
  actions_.add({.kind = Action::Kind::leave, .worker = id});
}

void Population::skip(Time now, Nanoseconds stopped) {
  for (WorkerId id = 0; id < members_.size(); ++id) {
    Member& member = members_[id];
    if (member.since != Time{}) member.since = std::min(now, member.since + stopped);
    sort_in(id);
  }
}

// One that leaves is waited for while nothing waits for its place: it may have forged the outcome
// of what it still runs.
Nanoseconds Population::longest_leave(bool backlog) const {
  return backlog ? std::min(config_.start_timeout, config_.answer) : config_.start_timeout;
}

std::vector<WorkerId> Population::overdue(bool backlog, Time now) const {
  std::vector<WorkerId> late = starting_.up_to(now - config_.start_timeout);
  for (const WorkerId id : leaving_.up_to(now - longest_leave(backlog))) late.push_back(id);
  return late;
}

std::vector<WorkerId> Population::old(Time now) const {
  return aging_.up_to(now - config_.max_age);
}

Time Population::next_change(bool backlog) const {
  Time next = Time::max();
  if (!starting_.empty()) next = std::min(next, plus(*starting_.least(), config_.start_timeout));
  if (!leaving_.empty()) next = std::min(next, plus(*leaving_.least(), longest_leave(backlog)));
  if (!aging_.empty()) next = std::min(next, plus(*aging_.least(), config_.max_age));
  return next;
}

}  // namespace brood::pool

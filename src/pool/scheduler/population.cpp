#include "pool/scheduler/population.hpp"

#include <algorithm>

namespace brood::pool {

void Population::become(Member& member, State state) {
  alive_ += (state != State::vacant) - std::size_t{member.state != State::vacant};
  member.state = state;
}

void Population::start(WorkerId id, Time now) {
  become(members_[id], State::starting);
  members_[id].came_up = false;
  members_[id].since = now;
  actions_.add({.kind = Action::Kind::start, .worker = id});
}

void Population::started(WorkerId id, Time now) {
  Member& member = members_[id];
  const State before = member.state;
  member = Member{};
  member.since = member.born = now;
  member.state = before;
  become(member, State::starting);
  // What was to be stopped is there now.
  if (before == State::stopping) stop(id, now, StopReason::none);
}

bool Population::ready(WorkerId id) {
  Member& member = members_[id];
  if (member.state != State::starting) return false;
  become(member, State::ready);
  member.came_up = true;
  return true;
}

void Population::vacate(WorkerId id) {
  become(members_[id], State::vacant);
  members_[id].borrowed = false;
}

bool Population::stop(WorkerId id, Time now, StopReason why) {
  Member& member = members_[id];
  if (member.state == State::vacant || member.state == State::stopping) return false;
  become(member, State::stopping);
  member.since = now;
  actions_.add({.kind = Action::Kind::stop, .worker = id, .why = why});
  return true;
}

void Population::leave(WorkerId id, Time now) {
  become(members_[id], State::leaving);
  members_[id].since = now;
  actions_.add({.kind = Action::Kind::leave, .worker = id});
}

void Population::skip(Time now, Nanoseconds stopped) {
  for (Member& member : members_) {
    if (member.since != Time{}) member.since = std::min(now, member.since + stopped);
  }
}

// One that leaves is waited for while nothing waits for its place: it may have forged the outcome
// of what it still runs.
std::optional<Nanoseconds> Population::most_for_change(const Member& member, bool backlog) const {
  if (member.state == State::starting) return config_.start_timeout;
  if (member.state != State::leaving) return std::nullopt;
  return backlog ? std::min(config_.start_timeout, config_.answer) : config_.start_timeout;
}

bool Population::is_overdue(WorkerId id, bool backlog, Time now) const {
  const std::optional<Nanoseconds> most = most_for_change(members_[id], backlog);
  return most && now - members_[id].since >= *most;
}

bool Population::is_old(WorkerId id, Time now) const {
  return config_.max_age.count() != 0 && now - members_[id].born >= config_.max_age;
}

Time Population::next_change(WorkerId id, bool backlog) const {
  const Member& member = members_[id];
  if (const auto most = most_for_change(member, backlog)) return plus(member.since, *most);
  const bool ages = member.is(State::ready) && !member.retired && config_.max_age.count() != 0;
  return ages ? plus(member.born, config_.max_age) : Time::max();
}

}  // namespace brood::pool

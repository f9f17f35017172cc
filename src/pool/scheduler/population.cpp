#include "pool/scheduler/population.hpp"

#include <algorithm>
#include <utility>

namespace brood::pool {

void Population::become(Member& member, State state) {
  alive_ += (state != State::vacant) - std::size_t{member.state != State::vacant};
  member.state = state;
}

void Population::started(WorkerId id, Time now) {
  Member& member = members_[id];
  const State before = member.state;
  Member fresh;
  fresh.start_failures = member.start_failures;
  fresh.strikes = member.strikes;
  fresh.since = fresh.born = now;
  fresh.state = before;
  member = fresh;
  become(member, State::starting);
  lack_since_ = {};
  if (before == State::stopping) stop(id, now, nullptr);  // what was to be stopped is there now
}

bool Population::ready(WorkerId id) {
  Member& member = members_[id];
  if (member.state != State::starting) return false;
  become(member, State::ready);
  member.came_up = had_worker_ = true;
  member.start_failures = member.strikes = 0;
  return true;
}

void Population::expect_failure(WorkerId id, StartFailure why) {
  members_[id].struck |= why == StartFailure::struck_down;
  members_[id].hopeless |= why == StartFailure::initializer;
}

// A lack may pass: where there have been workers before, it counts only when it lasts.
bool Population::start_failed(WorkerId id, Time now, StartFailure why) {
  Member& member = members_[id];
  become(member, State::vacant);
  if (why == StartFailure::lack && had_worker_) {
    if (lack_since_ == Time{}) lack_since_ = now;
    member.restart_at = now + config_.first_backoff;
    if (now - lack_since_ < config_.lack) return false;
  }
  return note_start_failure(member, false, now);
}

bool Population::gone(WorkerId id, Time now) {
  Member& member = members_[id];
  become(member, State::vacant);
  member.lent = false;
  member.restart_at = now;
  return !member.came_up && !terminated_ && note_start_failure(member, member.hopeless, now);
}

// True if all that could be started have failed too often.
bool Population::note_start_failure(Member& member, bool lasting, Time now) {
  if (std::exchange(member.struck, false) && ++member.strikes % config_.strikes != 0) {
    member.restart_at = now + config_.first_backoff;
    return false;
  }
  member.start_failures = lasting ? std::max(member.start_failures + 1, config_.start_attempts)
                                  : member.start_failures + 1;
  const std::uint32_t doublings = std::min<std::uint32_t>(member.start_failures - 1, 10);
  member.restart_at =
      now + std::min(config_.last_backoff, config_.first_backoff * (1 << doublings));
  const auto failing = [this](const Member& m) {
    return m.state == State::vacant && m.start_failures >= config_.start_attempts;
  };
  return all_gone() && std::count_if(members_.begin(), members_.end(), failing) >=
                           static_cast<std::ptrdiff_t>(std::max<std::size_t>(least(), 1));
}

void Population::start_due(const Demand& demand, Time now) {
  for (WorkerId id = 0; id < members_.size() && wants_worker(demand); ++id) {
    Member& member = members_[id];
    if (!can_start(member, demand.backlog) || now < member.restart_at) continue;
    become(member, State::starting);
    member.since = now;
    actions_.add({.kind = Action::Kind::start, .worker = id});
  }
}

bool Population::can_start(const Member& member, bool backlog) const {
  return member.state == State::vacant &&
         (member.start_failures < config_.start_attempts || backlog);
}

std::size_t Population::least() const {
  return std::min<std::size_t>(config_.min_workers.value_or(config_.workers), members_.size());
}

// Beyond the minimum one more for each element that waits, less those that come anyway.
bool Population::wants_worker(const Demand& demand) const {
  if (terminated_ || (closing_ && demand.drained)) return false;
  if (alive_ < least()) return true;
  if (alive_ == members_.size() || demand.waiting == 0) return false;
  const auto starting = [](const Member& m) { return m.state == State::starting; };
  const auto coming = demand.idle + static_cast<std::size_t>(
                                        std::count_if(members_.begin(), members_.end(), starting));
  return demand.waiting > coming;
}

bool Population::may_shrink() const {
  std::size_t staying = 0;
  for (WorkerId id = 0; id < members_.size(); ++id) {
    const State state = members_[id].state;
    staying += (state == State::starting || state == State::ready) && !used_up(id);
  }
  return staying > least();
}

bool Population::stop(WorkerId id, Time now, const char* why) {
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

Time Population::next_change(const Member& member, bool more, bool backlog) const {
  if (const auto most = most_for_change(member, backlog)) return plus(member.since, *most);
  return more && can_start(member, backlog) ? member.restart_at : Time::max();
}

}  // namespace brood::pool

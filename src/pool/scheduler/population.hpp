#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "pool/scheduler/actions.hpp"

namespace brood::pool {

/// Who there is: the processes of the pool, from the wish for one to its end. Knows of jobs no more
/// than how many elements wait, and of placement no more than how much each process was given.
/// README.md has the states and the invariants.
class Population {
 public:
  enum class State : std::uint8_t { vacant, starting, ready, leaving, stopping };
  struct Member {
    State state = State::vacant;
    bool came_up = false, hopeless = false, retired = false, lent = false, borrowable = false,
         struck = false;
    std::uint64_t given = 0;  // elements sent to it and not taken back
    Time since{};             // when it was asked for, started, or told to leave
    Time born{};              // when the process was started
    Time restart_at{};
    std::uint32_t start_failures = 0, strikes = 0;  // in a row
    bool is(State wanted) const noexcept { return state == wanted; }
  };
  /// What there is to do, and who has time for it.
  struct Demand {
    std::size_t waiting;  // elements that are pending
    std::size_t idle;     // workers that would get one of them at once; where nothing waits, any
    bool backlog;         // jobs are in the line
    bool drained;         // no job is left
  };

  Population(const SchedulerConfig& config, Actions& actions)
      : config_(config), actions_(actions), members_(config.workers) {}

  // --- what happens to a process ---
  void started(WorkerId id, Time now);
  /// False if the worker is not awaited.
  bool ready(WorkerId id);
  /// Of a process that is there: what its end will mean.
  void expect_failure(WorkerId id, StartFailure why);
  /// These two say whether no process can be started any more: jobs are failed then.
  bool start_failed(WorkerId id, Time now, StartFailure why);
  bool gone(WorkerId id, Time now);

  // --- what it is to do ---
  void start_due(const Demand& demand, Time now);
  /// False if it is stopped already, or not there.
  bool stop(WorkerId id, Time now, const char* why);
  void leave(WorkerId id, Time now);
  void retire(WorkerId id) { members_[id].retired = true; }
  void lend(WorkerId id, bool lent) { members_[id].lent = lent; }
  void set_borrowable(WorkerId id, bool borrowable) { members_[id].borrowable = borrowable; }
  /// Elements it has been sent, or that have been taken back from it.
  void note_given(WorkerId id, std::size_t count) { members_[id].given += count; }
  void note_taken_back(WorkerId id, std::size_t count) { members_[id].given -= count; }

  // --- the end, and time ---
  void close(bool terminated) {
    closing_ = true;
    terminated_ |= terminated;
  }
  void skip(Time now, Nanoseconds stopped);
  /// Whether the worker has taken too long to become ready, or to leave.
  bool is_overdue(WorkerId id, bool backlog, Time now) const;
  bool is_old(WorkerId id, Time now) const;
  /// Whether more than the least live and are to stay.
  bool may_shrink() const;
  /// When something of this worker is due, Time::max(): never. `more`: another worker is wanted.
  Time next_change(WorkerId id, bool more, bool backlog) const {
    const Member& member = members_[id];
    if (member.state != State::ready) return next_change(member, more, backlog);
    return member.retired || config_.max_age.count() == 0 ? Time::max()
                                                          : plus(member.born, config_.max_age);
  }
  bool wants_worker(const Demand& demand) const;

  const Member& at(WorkerId id) const { return members_[id]; }
  std::size_t size() const noexcept { return members_.size(); }
  bool used_up(WorkerId id) const {
    return members_[id].retired ||
           (config_.max_tasks != 0 && members_[id].given >= config_.max_tasks);
  }
  /// Whether it may be sent something.
  bool takes_work(WorkerId id) const {
    return members_[id].state == State::ready && !members_[id].lent && !used_up(id);
  }
  /// Whether a slot is vacant.
  bool has_room() const noexcept { return alive_ != members_.size(); }
  bool all_gone() const noexcept { return alive_ == 0; }
  bool closing() const noexcept { return closing_; }
  bool terminated() const noexcept { return terminated_; }

 private:
  void become(Member& member, State state);
  bool note_start_failure(Member& member, bool lasting, Time now);
  bool can_start(const Member& member, bool backlog) const;
  std::size_t least() const;
  Time next_change(const Member& member, bool more, bool backlog) const;
  std::optional<Nanoseconds> most_for_change(const Member& member, bool backlog) const;

  const SchedulerConfig& config_;
  Actions& actions_;
  std::vector<Member> members_;
  std::size_t alive_ = 0;  // not vacant
  bool closing_ = false, terminated_ = false, had_worker_ = false;
  Time lack_since_{};  // since no process could be started for want of something; zero: not so
};

}  // namespace brood::pool

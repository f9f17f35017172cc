#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "pool/scheduler/actions.hpp"
#include "pool/scheduler/slot_heap.hpp"
#include "pool/scheduler/slot_set.hpp"

namespace brood::pool {

/// The processes of the pool, from the wish for one to its end. Knows nothing of jobs, and of
/// placement no more than how much each process was given. README.md has the states and the
/// invariants.
class Population {
 public:
  enum class State : std::uint8_t { vacant, starting, ready, leaving, stopping };
  struct Member {
    State state = State::vacant;
    bool came_up = false, retired = false, borrowed = false, borrowable = false;
    std::uint64_t given = 0;  // elements sent to it and not taken back
    Time since{};             // when it was asked for, started, or told to leave
    Time born{};              // when the process was started
    bool is(State wanted) const noexcept { return state == wanted; }
  };

  Population(const SchedulerConfig& config, Actions& actions);

  // --- what happens to a process ---
  void started(WorkerId id, Time now);
  /// False if the worker is not awaited.
  bool ready(WorkerId id);
  /// It is gone, or could not be started.
  void vacate(WorkerId id);

  // --- what it is to do ---
  void start(WorkerId id, Time now);
  /// False if it is stopped already, or not there.
  bool stop(WorkerId id, Time now, StopReason why);
  void leave(WorkerId id, Time now);
  void retire(WorkerId id) {
    members_[id].retired = true;
    sort_in(id);
  }
  void set_borrowed(WorkerId id, bool borrowed) {
    members_[id].borrowed = borrowed;
    sort_in(id);
  }
  void set_borrowable(WorkerId id, bool borrowable) {
    members_[id].borrowable = borrowable;
    sort_in(id);
  }
  /// Elements it has been sent, or that have been taken back from it.
  void note_given(WorkerId id, std::size_t count) {
    members_[id].given += count;
    sort_in(id);
  }
  void note_taken_back(WorkerId id, std::size_t count) {
    members_[id].given -= count;
    sort_in(id);
  }

  // --- time ---
  void skip(Time now, Nanoseconds stopped);
  /// Workers that have taken too long to become ready, or to leave.
  std::vector<WorkerId> overdue(bool backlog, Time now) const;
  /// Workers that are ready, not retired, and old.
  std::vector<WorkerId> old(Time now) const;
  /// When there will be another one of these, Time::max(): never.
  Time next_change(bool backlog) const;

  const Member& at(WorkerId id) const { return members_[id]; }
  std::size_t size() const noexcept { return members_.size(); }
  /// Slots that are not vacant.
  std::size_t alive() const noexcept { return members_.size() - vacant_.size(); }
  const SlotSet& vacant() const noexcept { return vacant_; }
  std::size_t starting() const noexcept { return starting_.size(); }
  /// Workers that start, or are ready, and are not to leave when they have nothing to do.
  std::size_t staying() const noexcept { return staying_.size(); }
  /// Something has changed of the worker, here or in what it holds: WorkerIndex looks at it anew.
  void note_change(WorkerId id) noexcept { changed_.insert(id); }
  SlotSet& changed() noexcept { return changed_; }
  bool used_up(WorkerId id) const {
    return members_[id].retired ||
           (config_.max_tasks != 0 && members_[id].given >= config_.max_tasks);
  }
  /// Whether it may be sent something.
  bool takes_work(WorkerId id) const {
    return members_[id].state == State::ready && !members_[id].borrowed && !used_up(id);
  }

 private:
  void become(WorkerId id, State state);
  void sort_in(WorkerId id) noexcept;
  Nanoseconds longest_leave(bool backlog) const;

  const SchedulerConfig& config_;
  Actions& actions_;
  std::vector<Member> members_;
  // What a walk over all of them would find: see sort_in().
  SlotSet vacant_, staying_;
  SlotHeap<Time> starting_, leaving_;  // since when
  SlotHeap<Time> aging_;               // by the times when they were started
  SlotSet changed_;
};

}  // namespace brood::pool

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <brood/kill.hpp>
#include "pool/scheduler/conclusions.hpp"
#include "pool/scheduler/integrity.hpp"
#include "pool/scheduler/scheduler_view.hpp"

namespace brood::pool {

/// Decides which worker gets which elements, and what becomes of them. Pure: events and the time
/// come in as calls, what is to be done comes out of next(). README.md has the parts and the
/// states. What is virtual is so for a test that stands between it and the driver. What changes
/// something throws std::bad_alloc, and then is_torn() for good.
/// Threads: under the core's lock.
class Scheduler {
 public:
  explicit Scheduler(const SchedulerConfig& config) : parts_(config) {}
  virtual ~Scheduler() = default;
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // --- calls by the pool's users ---
  virtual JobId add(const JobTraits& traits, std::size_t count, Input input) {
    return integrity_.change([&] { return parts_.jobs.add(traits, count, input); });
  }
  /// More elements for a job that was added with Input::goes_on.
  void extend(JobId job, std::size_t count, Input input) {
    integrity_.change([&] { parts_.jobs.extend(job, count, input); });
  }
  /// Cancels a job if an element of it will not run because of that, or one element of it
  /// (Action::all: the job), which gets no other outcome then. If it does, there is an action for
  /// that: `cancelled`.
  virtual void cancel(JobId job, std::size_t index, Kill kill, Time now);
  /// Throws nothing for Closing::abandoned, also when it is torn.
  void close(Closing how, Time now);

  // --- workers ---
  virtual void worker_event(WorkerId worker, WorkerEvent event, Time now);
  /// Outcomes that the worker has reported, in the order of its sequence.
  virtual Reception outcomes(WorkerId worker, const Outcomes& outcomes, Time now);
  /// The worker has seen a revocation; false if none with this fence waits for that, or outcomes
  /// are missing of what it had begun before.
  virtual bool revocation_done(WorkerId worker, std::uint64_t fence) {
    return integrity_.change([&] { return parts_.revocations.acknowledged(worker, fence); });
  }
  /// The owner wants the worker stopped. For the memory that it takes the element that runs is
  /// charged, and what has not begun is taken back first.
  virtual void stop(WorkerId worker, StopReason why, Time now);
  /// The process has ended; all of its stream has been reported before. `claimed`: how much of its
  /// sequence it has begun, nothing where its page cannot be believed.
  virtual void worker_gone(WorkerId worker, std::optional<std::uint64_t> claimed, Time now);
  /// An idle worker for a caller to drive that has just added `job`, a single one: nothing if there
  /// is none, or others wait.
  virtual std::optional<Assignment> borrow(JobId job, Time now);

  // --- time ---
  /// Sends what can be sent, balances, starts and stops workers: fills the queue of actions.
  virtual void pump(Time now);
  /// Checks limits against what the pages say.
  virtual void tick(Time now, const std::vector<Running>& running);
  /// This process was stopped for so long, until now: no limit of time counts that.
  void skip(Time now, Nanoseconds stopped);

  // --- what the driver is to do ---
  /// The next thing to do, in order.
  virtual std::optional<Action> next() { return parts_.actions.next(); }
  /// The answer to the last `look` or `revoke` for this worker.
  virtual void answer(WorkerId worker, const Begun& begun);
  /// Once for each action `over`, when nothing looks for the job by its slot: that is free then.
  virtual void let_go(JobId job) {
    integrity_.change([&] { parts_.store.let_go(job); });
  }

  // --- as it stands ---
  /// Memory was refused in the middle of a change: what this knows is not to be believed any more.
  bool is_torn() const noexcept { return integrity_.is_torn(); }
  virtual SchedulerView view() const noexcept { return SchedulerView(parts_); }

 protected:
  /// For a test that compares them with each other.
  SchedulerParts& parts() noexcept { return parts_; }

 private:
  // What a worker's news lead to.
  void take(WorkerId worker, WorkerEvent event, Time now);

  Integrity integrity_;
  SchedulerParts parts_;
  Conclusions conclusions_{parts_};
};

}  // namespace brood::pool

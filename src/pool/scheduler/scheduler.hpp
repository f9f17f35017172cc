#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "pool/scheduler/placement.hpp"
#include "pool/scheduler/turnover.hpp"
#include "pool/scheduler/watchdog.hpp"

namespace brood::pool {

/// Decides which worker gets which elements, and what becomes of them. Pure: events and the time
/// come in as calls, what is to be done comes out of next(). README.md has the parts and the
/// states. What is virtual is so for a test that stands between it and the driver.
/// Threads: under the core's lock.
class Scheduler {
 public:
  explicit Scheduler(const SchedulerConfig& config);
  virtual ~Scheduler() = default;
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // --- calls by the pool's users ---
  virtual JobId add(const JobTraits& traits, std::size_t count, bool last) {
    return jobs_.add(traits, count, last);
  }
  /// More elements for a job that was added with last = false.
  void extend(JobId job, std::size_t count, bool last) { jobs_.extend(job, count, last); }
  /// Cancels a job if an element of it will not run because of that, or one element of it
  /// (Action::all: the job), which gets no other outcome then. If it does, there is an action that
  /// says so.
  virtual void cancel(JobId job, std::size_t index, bool stop_running, Time now);
  void close(Closing how, Time now);

  // --- what workers do ---
  virtual void worker_event(WorkerId worker, WorkerEvent event, Time now);
  /// No process could be started in this slot; or of one that could, why it will not become ready:
  /// then worker_gone comes later.
  void start_failed(WorkerId worker, Time now, StartFailure why = StartFailure::other);
  /// Outcomes that the worker has told, in the order of its sequence.
  virtual Reception outcomes(WorkerId worker, const Outcomes& outcomes, Time now);
  /// The answer to the last `look` or `revoke` for this worker.
  virtual void answer(WorkerId worker, const Begun& begun);
  /// The worker has seen a revocation; false if none with this fence waits for that, or outcomes
  /// are missing of what it had begun before.
  virtual bool revocation_done(WorkerId worker, std::uint64_t fence) {
    return revocations_.acknowledged(worker, fence);
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
  /// When tick is wanted next.
  std::optional<Time> next_tick() const;
  /// The next thing to do, in order.
  virtual std::optional<Action> next() { return actions_.next(); }
  /// Once for each action `over`, when nothing looks for the job by its slot: that is free then.
  virtual void let_go(JobId job) { store_.let_go(job); }

  const SchedulerConfig& config() const noexcept { return config_; }
  virtual WorkerView view(WorkerId worker) const;
  PoolView view() const noexcept;

 private:
  void then(const Intent& intent);
  void go_on();
  void conclude(const Intent& intent);
  void begin_pump(Time now);
  void begin_cancel(Intent intent);
  void end_cancel(const Intent& intent);
  Growth::Demand demand() const;

  const SchedulerConfig config_;
  Actions actions_;
  Intents intents_;
  JobStore store_;
  PendingElements pending_;
  Jobs jobs_;
  Population population_;
  Growth growth_;
  OwnerClock clock_;
  Assignments assignments_;
  Revocations revocations_;
  WorkerEnds ends_;
  Turnover turnover_;
  Watchdog watchdog_;
  Placement placement_;
  bool look_soon_ = false;
};

}  // namespace brood::pool

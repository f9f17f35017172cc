#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "pool/scheduler/placement.hpp"
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
  void worker_started(WorkerId worker, Time now);
  virtual void worker_ready(WorkerId worker, Time now);
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
    return assignments_.acknowledged(worker, fence);
  }
  /// The owner could not understand or reach the worker: it is stopped.
  virtual void worker_broken(WorkerId worker, Time now, const char* why = nullptr);
  /// Stops the worker; the element that runs in it ends by `failure`.
  void stop_running_element(WorkerId worker, ElementFailure failure, Time now);
  /// The worker gets no more and leaves; a new one takes its place.
  virtual void retire(WorkerId worker) { end_use(worker); }
  /// The process has ended; all of its stream has been reported before. `claimed`: how much of its
  /// sequence it has begun, nothing where its page cannot be believed.
  virtual void worker_gone(WorkerId worker, std::optional<std::uint64_t> claimed, Time now);

  // --- workers that callers drive ---
  /// Whether the dispatcher has let go of the worker's pipes.
  void set_borrowable(WorkerId worker, bool borrowable) {
    population_.set_borrowable(worker, borrowable);
  }
  /// An idle worker for a caller that has just added `job`, a single one: nothing if there is none,
  /// or others wait.
  virtual std::optional<Assignment> borrow(JobId job, Time now);
  /// The caller drives it no longer; outcomes have been reported as always.
  void give_back(WorkerId worker) { population_.lend(worker, false); }

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
  /// Once for each action `over`, when nobody looks for the job by its slot: that is free then.
  virtual void let_go(JobId job) { jobs_.let_go(job); }

  std::size_t workers() const noexcept { return population_.size(); }
  virtual WorkerView view(WorkerId worker) const;
  PoolView view() const noexcept;

 private:
  void end_use(WorkerId worker);
  void then(const Intent& intent);
  void go_on();
  void conclude(const Intent& intent);
  void begin_pump(Time now);
  void settle_workers(Time now);
  void begin_cancel(Intent intent);
  void end_cancel(const Intent& intent);
  void take_back_failed();
  void look_at_the_old(Time now);
  void retire_the_old_and_idle(Time now);
  bool may_begin(WorkerId id, Time now) const;
  Population::Demand demand() const;

  const SchedulerConfig config_;
  Actions actions_;
  Intents intents_;
  Jobs jobs_;
  Population population_;
  OwnerClock clock_;
  Assignments assignments_;
  Watchdog watchdog_;
  Placement placement_;
  bool look_soon_ = false;
};

}  // namespace brood::pool

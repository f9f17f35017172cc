#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "pool/run_queue.hpp"
#include "pool/scheduler_types.hpp"
#include "pool/stops.hpp"

namespace brood::pool {

/// Decides which worker gets which elements, and what becomes of them. Pure: events and the time
/// come in as calls, what is to be done comes out of next(). See README.md for the states. Threads:
/// under the core's lock.
class Scheduler {
 public:
  explicit Scheduler(const SchedulerConfig& config);
  virtual ~Scheduler() = default;
  virtual void use(Claims& claims) { claims_ = &claims; }

  // --- calls by the pool's users ---
  virtual JobId add(const JobTraits& traits, std::size_t count, bool last);
  /// More elements for a job that was added with last = false.
  void extend(JobId job, std::size_t count, bool last);
  /// Finishes the job as cancelled if an element of it will not run because of that, and says so.
  virtual bool cancel(JobId job, bool stop_running, Time now);
  /// Same for one element, which gets no outcome then: whoever cancels it knows it.
  virtual bool cancel(JobId job, std::size_t index, bool stop_running, Time now);
  void close();
  /// Closes; what runs may end, and jobs that have more than that end as cancelled then.
  void drain();
  /// Finishes every job as cancelled and stops every worker.
  void terminate(Time now);

  // --- what workers do ---
  void worker_started(WorkerId worker, Time now);
  virtual void worker_ready(WorkerId worker, Time now);
  /// Outcomes that the worker has told, in the order of its sequence.
  enum class Told : std::uint8_t { wanted, unwanted, again, nonsense };
  virtual Told outcomes(WorkerId worker, const Outcomes& outcomes, Time now);
  /// The owner could not understand or reach the worker: it is stopped.
  virtual void worker_broken(WorkerId worker, Time now, const char* why = nullptr);
  /// Stops the worker; the element that runs in it ends by `fate`.
  void stop_running_element(WorkerId worker, Fate fate, Time now);
  /// The process has ended; all of its stream has been reported before. `claimed`: how much of its
  /// sequence it has begun, nothing where its page cannot be believed.
  virtual void worker_gone(WorkerId worker, std::optional<std::uint64_t> claimed, Time now);
  /// No process could be started in this slot.
  void start_failed(WorkerId worker, Time now, StartFailure why = StartFailure::other);
  /// A signal from elsewhere will have ended the process before it was ready: that says little
  /// about the next start. Before worker_gone.
  void start_was_struck_down(WorkerId worker) { workers_[worker].struck = true; }
  /// Its initializer has failed; the process will end.
  void initializer_failed(WorkerId worker) { workers_[worker].hopeless = true; }
  /// The worker gets no more and leaves; a new one takes its place.
  virtual void retire(WorkerId worker);
  /// The worker has seen a revocation; false if none with this fence waits for that, or outcomes
  /// are missing of what it had begun before.
  virtual bool revocation_done(WorkerId worker, std::uint64_t fence);
  virtual std::uint64_t sent(WorkerId worker) const { return workers_[worker].sequence; }

  /// Whether jobs wait for a worker.
  bool backlog() const noexcept { return !runnable_.empty(); }
  /// Whether the worker is to leave when it has nothing to do.
  bool used_up(WorkerId worker) const {
    return workers_[worker].retired ||
           (config_.max_tasks != 0 && workers_[worker].given >= config_.max_tasks);
  }
  /// Whether pump() has something to hand out.
  bool wants_pump() const noexcept { return !runnable_.empty() || closing_; }
  /// Whether the worker is ready and has nothing to do.
  bool can_lend(WorkerId worker) const {
    return usable(workers_[worker]) && workers_[worker].queue.empty();
  }
  bool came_up(WorkerId worker) const { return workers_[worker].came_up; }
  bool idle(WorkerId worker) const { return workers_[worker].queue.empty(); }

  // --- lending ---
  /// Whether the dispatcher has let go of the worker's pipes.
  void set_lendable(WorkerId worker, bool lendable) { workers_[worker].lendable = lendable; }
  /// An idle worker for a caller that has just added `job`, a single one: nothing if there is none,
  /// or others wait.
  virtual std::optional<Assignment> lend(JobId job, Time now);
  /// The caller drives it no longer; outcomes have been reported as always.
  void give_back(WorkerId worker) { workers_[worker].lent = false; }

  // --- time ---
  /// Sends what can be sent, balances, starts and stops workers: fills the queue of actions.
  virtual void pump(Time now);
  /// Checks limits against what the pages say.
  virtual void tick(Time now, const std::vector<Running>& running);
  /// This process was stopped for so long, until now: no limit of time counts that.
  void skip(Time now, Nanoseconds stopped);
  /// Tick is wanted at once: a page is to be looked at.
  void look_soon() { look_soon_ = true; }
  /// When tick is wanted next.
  std::optional<Time> next_tick() const;
  /// The next thing to do, in order.
  virtual std::optional<Action> next();
  /// Once for each action `over`, when nobody looks for the job by its slot: that is free then.
  virtual void let_go(JobId id) { free_jobs_.push_back(slot_of(id)); }

  bool drained() const noexcept { return live_jobs_ == 0; }
  std::size_t workers() const noexcept { return workers_.size(); }
  bool all_gone() const noexcept;
  bool closing() const noexcept { return closing_; }
  bool terminated() const noexcept { return terminated_; }
  WorkerView view(WorkerId worker) const;

 private:
  struct Range {
    std::size_t first, last;  // [first, last)
  };
  struct Job {
    JobTraits traits;
    Cost* cost = nullptr;
    std::uint32_t generation = 0;
    bool live = false, sealed = false, finished = false, runnable = false, draining = false;
    std::vector<Range> pending;  // what goes next is at the back
    std::size_t pending_count = 0, total = 0, resolved = 0, assigned = 0, largest = 0;
    std::map<std::size_t, Retries> failures;  // attempts used up, for elements that have failed
    std::vector<std::size_t> cancelled;       // elements that ran then, and are stopped
    std::vector<std::size_t> last_attempts;   // elements that nobody wants to be tried again
    std::map<std::size_t, Unbegun> unbegun;
    std::vector<WorkerId> defined_in;
    void reset() noexcept;
  };
  struct Assigned {
    JobId job;
    std::size_t first, count;
    std::uint64_t sequence;
    std::uint64_t cost;  // ns expected for each
    std::size_t bytes;   // of each argument
  };
  enum class State : std::uint8_t { vacant, starting, ready, leaving, stopping };
  struct Worker {
    State state = State::vacant;
    bool came_up = false, hopeless = false, retired = false, lent = false, lendable = false,
         revoking = false, killed = false, owing = false, struck = false;
    std::deque<Assigned> queue;  // in order; the front's first element is the next to be resolved
    std::uint64_t sequence = 0;  // positions given out in this process's sequence
    std::uint64_t given = 0;     // elements sent to it and not taken back
    std::uint64_t expected = 0;  // ns of work in the queue
    std::uint64_t done = 0;
    std::size_t elements = 0, bytes = 0;  // in the queue
    Time heard{};  // when it was started, sent its first element, or told an outcome
    Time since{};  // when the front element began, for jobs with a timeout
    Time born{};   // when the process was started
    Time restart_at{};
    std::uint32_t start_failures = 0, strikes = 0;  // in a row
    std::optional<Fate> fate;  // why it was stopped while its front element ran
    std::uint64_t fate_sequence = 0;
    std::uint64_t begun = 0, fence = 0;    // of the last revocation
    std::uint64_t looked = 0;              // how much it had begun at the last look
    Time looked_at{}, checked_at{};        // when the owner first saw that; the last look
    Time silent_since{};                   // with nothing but a revocation to be seen; zero: not so
    Time owes_since{};                     // outcomes that should have been told; zero: none
    std::uint64_t owes = 0;                // position of the first of them
    std::optional<std::uint64_t> overdue;  // position of what it has not begun in time
  };

  // scheduler_jobs.cpp
  Job* find(JobId id);
  Cost* cost_for(std::uint64_t key);
  void make_runnable(JobId id, Job& job);
  void give_up_pending(Job& job);
  bool give_up_pending(Job& job, std::size_t index);
  bool stop_running(JobId id, std::size_t index, Time now);
  void finish(JobId id, Job& job, Verdict verdict);
  void settle(JobId id, Job& job);
  void requeue(JobId id, std::size_t first, std::size_t count);
  void make_pending(JobId id, Job& job, std::size_t first, std::size_t count);
  void element_failed(JobId id, std::size_t index, WorkerId worker, Fate fate, Time now);
  bool try_again(JobId id, std::size_t index, std::uint32_t Retries::*kind, Time now);
  void bring_back_delayed(Time now);
  bool is_delayed(JobId id) const;
  bool give_up_delayed(JobId id, std::size_t index);
  void fail_all_jobs(Verdict verdict);
  // scheduler_workers.cpp
  void unassign(Worker& worker, const Outcomes& outcomes);
  std::size_t take_back(WorkerId id, std::uint64_t keep = 0);
  void take_back_from_all(JobId job);
  void empty_queue(WorkerId id, std::optional<std::uint64_t> claimed, Time now);
  void lose(WorkerId id, JobId job, std::size_t index, std::uint64_t sequence, Time now);
  void note_start_failure(Worker& worker, bool lasting, Time now);
  void stop(WorkerId id, Time now, const char* why = nullptr);
  std::uint64_t end_of_begun(Worker& worker, std::optional<std::uint64_t> claimed);
  // scheduler_dispatch.cpp
  void assign(Time now);
  void balance(Time now);
  void free_queues(Time now);
  static bool has_more_than_it_runs(const Worker& worker);
  void send(WorkerId id, JobId job_id, Job& job, std::size_t count, Time now);
  bool usable(const Worker& worker) const;
  bool hungry(const Worker& worker, const Job& job, Time now) const;
  std::optional<WorkerId> hungriest(const Job& job, Time now) const;
  std::size_t chunk_size(const Worker& worker, const Job& job) const;
  static bool runs_last(const Worker& worker, std::uint64_t sequence);
  void stop_if_late(WorkerId id, std::uint64_t sequence, Time now);
  // scheduler_clock.cpp
  void look_at(const Running& seen, Time now);
  bool owes(const Worker& worker);
  bool owes_outcomes(Worker& worker, Time now);
  void stop_if_not_begun(WorkerId id, Time now);
  bool is_last_for_its_head(WorkerId id) const;
  Unbegun* note_unbegun(const Worker& worker);
  Nanoseconds to_begin(const Worker& worker, const Job& job) const;
  void stop_if_silent(WorkerId id, Time now);
  void note_silent_workers(Time now);
  bool sum_is_over(const Worker& worker, std::uint64_t sequence, Time now) const;
  Nanoseconds grace(const Worker& worker, const Job& job, bool last) const;
  Time latest_beginning(const Worker& worker, const Job& job) const;
  std::optional<Time> next_look(const Worker& worker) const;
  void start_due_workers(Time now);
  std::size_t least_workers() const;
  bool wants_worker() const;
  bool can_start(const Worker& worker) const;
  bool may_shrink() const;
  void retire_the_old_and_idle(Time now);
  void let_workers_leave(Time now);
  std::optional<Nanoseconds> most_for_change(const Worker& worker) const;
  void learn(Job& job, const Outcomes& outcomes);

  SchedulerConfig config_;
  Claims* claims_ = nullptr;
  std::vector<Worker> workers_;
  std::deque<Job> jobs_;
  std::vector<std::uint32_t> free_jobs_;
  std::size_t live_jobs_ = 0;
  RunQueue runnable_;
  std::multimap<Time, Delayed> delayed_;  // elements that wait before they are tried again
  std::unordered_map<std::uint64_t, Cost> costs_;
  std::uint64_t last_key_ = 0;
  Cost* last_cost_ = nullptr;  // of last_key_: calls in a row are alike
  std::vector<Action> actions_;
  std::size_t next_action_ = 0;  // those before have been carried out
  bool closing_ = false, terminated_ = false, look_soon_ = false, had_worker_ = false;
  Time latest_{};      // of what it was told
  Stops stops_;        // of this process
  Time lack_since_{};  // since no process could be started for want of something; zero: not so
};

}  // namespace brood::pool

#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <brood/detail/job.hpp>
#include <brood/options.hpp>
#include <brood/pool.hpp>
#include "pool/callbacks.hpp"
#include "pool/fair_mutex.hpp"
#include "pool/job_state.hpp"
#include "pool/scheduler.hpp"
#include "pool/supervisor.hpp"
#include "pool/worker_link.hpp"

namespace brood::pool {

class Dispatcher;

/// Takes an error that nobody has asked for; null: it is logged.
using ErrorHandler = std::function<void(std::exception_ptr)>;

/// What only the dispatcher can do. Under the core's lock.
class Hands {
 public:
  virtual void carry_out(const Action& action) = 0;
  /// Copies what the job has lent to outboxes, because its caller is about to go on.
  virtual void detach(JobId job) = 0;
  /// Whether an outbox refers to what the job has lent.
  virtual bool refers_to(JobId job) const = 0;

 protected:
  ~Hands() = default;
};

/// A pool without its types: the lock, and what it guards.
/// Threads: public members from any thread; those that say so by whoever holds the lock.
class Core final : public detail::PoolCore,
                   public std::enable_shared_from_this<Core>,
                   private Claims {
 public:
  /// Starts the processes; the options have been checked. Throws as Pool's constructor does.
  static std::shared_ptr<Core> create(const PoolOptions& options);
  ~Core();

  detail::JobHandle submit(detail::JobSpec&& spec) override;
  detail::JobHandle call(detail::JobSpec&& spec) override;
  bool cancel(JobState& job, Kill kill);
  bool extend(JobState& job, detail::Elements more, bool last);
  void call_back(std::function<void()> callback) { callbacks_.post(std::move(callback)); }
  const ErrorHandler& unobserved_error() const noexcept { return unobserved_error_; }
  OnInterrupt on_interrupt() const noexcept { return on_interrupt_; }
  void close();
  void terminate();
  /// Takes no more, and gives up what has not begun. By the dispatcher.
  void drain(Hands* hands);
  /// Waits until no worker is left; false when the deadline came first. Throws UsageError before
  /// close or terminate.
  bool join(const detail::Deadline& deadline);
  std::vector<WorkerInfo> workers();
  /// Throws UsageError in a process forked from the pool's.
  void check_process() const;
  bool in_owner() const noexcept;

  // --- the dispatcher's side; those that say so under the lock ---
  FairMutex& mutex() noexcept { return mutex_; }
  Scheduler& scheduler() noexcept { return scheduler_; }  // under the lock
  Supervisor& supervisor() noexcept { return supervisor_; }
  WorkerLink* link(WorkerId id) noexcept { return links_[id].get(); }
  std::vector<std::unique_ptr<WorkerLink>>& links() noexcept { return links_; }
  /// After terminate() nothing is written to workers: what jobs have lent may be gone.
  bool ended() const noexcept { return ended_.load(std::memory_order_acquire); }
  /// Gives the scheduler what callers have left. Under the lock.
  void take_intake();
  /// Whether nothing more has come in: the dispatcher may sleep. Under the lock.
  bool settle_intake();
  /// Null when the job is over; it lives as long as nobody carries out that it is. Under the lock.
  Work* find_work(JobId id);
  /// Reports what has arrived in the link's stream. Throws CodecError. Under the lock.
  void parse(WorkerLink& link);
  /// Reports what is left in a dead worker's stream and page. Throws CodecError. Under the lock.
  void parse_rest(WorkerLink& link);
  void harvest(WorkerLink& link);
  /// Carries out what the scheduler wants. With null hands, what only the dispatcher can do is left
  /// for it. Under the lock.
  void perform(Hands* hands);
  /// Why workers do not start, for the jobs that fail because of it. Under the lock.
  void note_start_error(std::exception_ptr error) { start_error_ = std::move(error); }
  /// Leaves an action for the dispatcher's next turn. Under the lock.
  void defer(const Action& action) { deferred_.push_back(action); }
  /// The end of a worker process, after all that it has left was parsed. Under the lock.
  void bury(WorkerId id, const Death& death);

 private:
  class StreamEvents;
  struct Exit {
    WorkerIdentity worker;
    ExitStatus status;
    std::shared_ptr<const CrashReport> report;
  };
  explicit Core(const PoolOptions& options);
  std::shared_ptr<JobState> make_job(detail::JobSpec&& spec);
  void add(std::shared_ptr<JobState> state);
  void add(std::span<std::shared_ptr<JobState>> calls);
  void keep(std::shared_ptr<Work> work);
  void close_intake();
  void cut_streams_short();
  void start_first_workers();
  void tell_forgotten(WorkerLink& link);
  bool drive(WorkerLink& link, JobState& job);
  static bool exchange(WorkerLink& link);
  std::uint64_t begun(WorkerId worker) const override {
    return protocol::claimed(*links_[worker]->page());
  }
  std::uint64_t revoke(WorkerId worker, std::uint64_t fence) override {
    return protocol::revoke(*links_[worker]->page(), fence);
  }

  void carry_out(const Action& action, Hands* hands);
  std::exception_ptr failure_of(const Work& work, const Action& action, Attempts attempts) const;
  void try_again(const Action& action);
  void resolve(const Action& action);
  void finish(const Action& action);
  void over(const Action& action, const Hands* hands);
  std::exception_ptr why_cancelled() const;

  const unsigned generation_;  // see platform::fork_generation
  FairMutex mutex_;            // the dispatcher's most of the time
  Scheduler scheduler_;
  Supervisor supervisor_;
  std::vector<std::unique_ptr<WorkerLink>> links_;
  std::vector<std::shared_ptr<Work>> jobs_;  // by slot_of(id)
  std::mutex intake_mutex_;                  // taken after mutex_ or alone, and never for long
  std::vector<std::shared_ptr<JobState>>
      intake_;                  // guarded by intake_mutex_: not in the scheduler yet
  bool intake_closed_ = false;  // guarded by intake_mutex_
  std::vector<std::shared_ptr<JobState>> intake_taken_;  // under the lock
  std::atomic<bool> backlog_{false};  // jobs wait for a worker, not for the dispatcher
  std::atomic<bool> ended_{false};
  std::deque<Action> deferred_;  // for the dispatcher
  std::exception_ptr start_error_;
  std::vector<Exit> exits_;
  const OnInterrupt on_interrupt_;
  const ErrorHandler unobserved_error_;
  Callbacks callbacks_;
  std::unique_ptr<Dispatcher> dispatcher_;
};

/// Throws CodecError for an argument of more than `limit` bytes.
void check_size(const detail::Elements& elements, std::uint64_t limit);

}  // namespace brood::pool

#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <brood/detail/job.hpp>
#include <brood/options.hpp>
#include <brood/pool.hpp>
#include "platform/sentinel.hpp"
#include "pool/callbacks.hpp"
#include "pool/fair_mutex.hpp"
#include "pool/job_state.hpp"
#include "pool/scheduler/scheduler.hpp"
#include "pool/supervisor.hpp"
#include "pool/worker_link.hpp"

namespace brood::pool {

class Batch;
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
class Core final : public detail::PoolCore, public std::enable_shared_from_this<Core> {
 public:
  /// Starts the processes; the options have been checked. Throws as Pool's constructor does.
  static std::shared_ptr<Core> create(const PoolOptions& options);
  ~Core();

  detail::JobHandle submit(detail::JobSpec&& spec) override;
  detail::JobHandle call(detail::JobSpec&& spec) override;
  bool cancel(JobState& job, Kill kill);
  void note_reader(JobState& stream);
  void extend(JobState& stream, detail::Elements more, bool last);
  Callbacks& callbacks() noexcept { return callbacks_; }
  const ErrorHandler& unobserved_error() const noexcept { return unobserved_error_; }
  OnInterrupt on_interrupt() const noexcept { return on_interrupt_; }
  void close();
  void terminate();
  void drain(Hands* hands);  // takes no more, gives up what has not begun; by the dispatcher
  /// False when the deadline came first. Throws UsageError before close or terminate.
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
  /// Whether this process has closed the pool's descriptors. Cost: one fstat(2).
  bool has_lost_descriptors() const noexcept { return !sentinel_.intact(); }
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
  /// Reports what waits in a living worker's page, and says what it tells of the element that runs.
  /// Throws CodecError. Under the lock.
  Running look(WorkerLink& link);
  /// Carries out what the scheduler wants. With null hands, what only the dispatcher can do is left
  /// for it. Under the lock.
  void perform(Hands* hands);
  /// Why workers do not start, for the jobs that fail because of it. Under the lock.
  void note_start_error(std::exception_ptr error) { start_error_ = std::move(error); }
  /// Leaves an action for the dispatcher's next turn. Under the lock.
  void defer(const Action& action) { deferred_.push_back(action); }
  /// The end of a worker process, after all that it has left was parsed. Under the lock.
  void bury(WorkerId id, const Death& death);

  // --- what goes wrong in here (core_faults.cpp) ---
  /// The link is read no more and its worker is to be killed: `error` says why, and becomes the
  /// outcome of what the worker has begun where it is not the worker's fault. Under the lock.
  void break_link(WorkerLink& link, const std::exception_ptr& error) noexcept;
  /// Takes note why what a dead worker has left is of no use. Under the lock.
  void note_fault(WorkerLink& link, const std::exception_ptr& error) noexcept;
  /// The scheduler has stopped the worker for what its page says, or does not. Under the lock.
  void note_doubt(WorkerLink& link, const char* why) noexcept;
  /// The worker is stopped because its stream has ended. Under the lock.
  void note_silence(WorkerLink& link) noexcept;
  /// The dispatcher cannot go on: every call ends, and later ones, with a SystemError that says so.
  /// The workers are the caller's to end.
  void collapse(const std::exception_ptr& error) noexcept;
  /// This process has closed its descriptors: the same, and nothing of it is destroyed any more.
  void lose_descriptors() noexcept;
  /// An error for whom there is no memory to make one.
  const std::exception_ptr& no_memory() const noexcept { return no_memory_; }
  /// All of the job ends so. Under the lock.
  void fail(Work& work, const std::exception_ptr& error);
  /// Throws what a caller has left the state in when it left the lock by an exception. Under the
  /// lock.
  void check_state() const {
    if (torn_) std::rethrow_exception(torn_);
  }

 private:
  class StreamEvents;
  class Loan;
  struct Exit {
    WorkerIdentity worker;
    ExitStatus status;
    std::shared_ptr<const CrashReport> report;
    std::exception_ptr fault_of_ours;  // instead of the death that it led to
  };
  explicit Core(const PoolOptions& options);
  std::shared_ptr<JobState> make_job(detail::JobSpec&& spec);
  void add(const std::shared_ptr<JobState>& state);
  void add(std::span<std::shared_ptr<JobState>> calls);
  void add(const std::shared_ptr<Batch>& batch, std::size_t count);
  void keep(std::shared_ptr<Work> work);
  void close_intake();
  void wake() noexcept;
  bool wake_dispatcher() noexcept;
  bool join_until_next_look(const detail::Deadline& deadline);
  void cut_streams_short();
  void start_first_workers();
  void tell_forgotten(WorkerLink& link);
  void hand_over(WorkerLink& link, JobState& job, const Assignment& assignment);
  bool drive(WorkerLink& link, JobState& job);
  std::optional<bool> take_in(Loan& loan, bool heard, std::exception_ptr error);
  bool exchange(WorkerLink& link) const;
  void answer(const Action& question);
  void end_cancelled(const Action& action);
  std::optional<std::uint64_t> begun_by_the_dead(WorkerLink& link);
  protocol::PageWatch::Known known(const WorkerLink& link) const {
    return {link.stream.resolved(), scheduler_.view(link.id).sent};
  }

  void refuse(Work& work, std::size_t first, std::size_t count, const std::exception_ptr& error);
  void bound_carried();
  template <class Body>
  auto under_lock(Body body);
  template <class Body>
  void unless_out_of_memory(Body body);
  Exit exit_of(const WorkerLink& link, const Death& death) const noexcept;
  std::exception_ptr why_not_ready(const WorkerLink& link, const Exit& exit) const noexcept;
  void check_collapsed() const {
    if (collapsed_) std::rethrow_exception(collapsed_);
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
  Supervisor supervisor_;  // refuses to be made where no processes may be started
  const platform::Sentinel sentinel_;
  std::vector<std::unique_ptr<WorkerLink>> links_;
  std::vector<std::shared_ptr<Work>> jobs_;  // by slot_of(id)
  std::mutex intake_mutex_;                  // taken after mutex_ or alone, and never for long
  std::vector<std::shared_ptr<JobState>>
      intake_;                       // guarded by intake_mutex_: not in the scheduler yet
  bool intake_closed_ = false;       // guarded by intake_mutex_
  std::exception_ptr intake_error_;  // likewise: why it is closed, if nobody has closed it
  std::vector<std::shared_ptr<JobState>> intake_taken_;  // under the lock
  std::atomic<bool> backlog_{false};  // jobs wait for a worker, not for the dispatcher
  std::atomic<bool> ended_{false};
  std::deque<Action> deferred_;    // for the dispatcher
  JobState* to_cancel_ = nullptr;  // in cancel(), until it has been cancelled
  std::exception_ptr start_error_;
  const std::exception_ptr no_memory_;
  std::exception_ptr collapsed_;  // under the lock: why no call can end well any more
  std::exception_ptr torn_;       // likewise: what has left the lock, nobody knows how far it came
  std::vector<Exit> exits_;
  const OnInterrupt on_interrupt_;
  const ErrorHandler unobserved_error_;
  Callbacks callbacks_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::once_flag losing_;
  std::atomic<bool> lost_{false};  // all calls have ended by then
  std::shared_ptr<Core> self_;     // when it is lost
};

// A caller changes the scheduler's state. If memory is refused halfway, the dispatcher ends it all:
// else somebody would wait for what no state knows of.
template <class Body>
auto Core::under_lock(Body body) {
  const std::lock_guard lock(mutex_);
  try {
    return body();
  } catch (const Error&) {
    throw;  // a precondition that was checked first
  } catch (...) {
    if (!torn_) torn_ = std::current_exception();
    wake_dispatcher();
    throw;
  }
}

/// The same where the dispatcher's end of it all will do as well: in destructors, that is.
template <class Body>
void Core::unless_out_of_memory(Body body) {
  try {
    under_lock(body);
  } catch (const std::bad_alloc&) {
    // As above.
  }
}

}  // namespace brood::pool

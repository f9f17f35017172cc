#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <vector>

#include <brood/detail/pool/job.hpp>
#include <brood/options.hpp>
#include <brood/pool.hpp>
#include "platform/sentinel.hpp"
#include "pool/calls/call_host.hpp"
#include "pool/calls/call_state.hpp"
#include "pool/calls/callbacks.hpp"
#include "pool/dispatcher/dispatcher.hpp"
#include "pool/dispatcher/supervisor.hpp"
#include "pool/driver/driver.hpp"
#include "pool/fair_mutex.hpp"
#include "pool/intake.hpp"

namespace brood::pool {

/// A pool without its types: the lock over its driver, and the ways in for callers' threads.
/// Threads: any. The callers of some functions hold the lock (BROOD_REQUIRES).
class Core final : public detail::PoolCore, public CallHost {
 public:
  /// Starts the processes; the options have been checked. Throws as Pool's constructor does.
  static std::shared_ptr<Core> create(const PoolOptions& options);
  ~Core();

  detail::JobHandle submit(detail::JobSpec&& spec) override;
  detail::JobHandle call(detail::JobSpec&& spec) override;
  bool cancel(CallState& job, Kill kill) override;
  void note_reader(CallState& stream) override;
  void extend(CallState& stream, detail::Elements more, bool last) override;
  void close();
  void terminate();
  /// Takes no more and gives up what has not begun. Threads: the dispatcher's.
  void drain();
  /// False when the deadline came first. Throws UsageError before close or terminate.
  bool join(const detail::Deadline& deadline);
  std::vector<WorkerInfo> workers();
  /// Throws UsageError in a process forked from the pool's.
  void check_process() const;
  bool in_owner() const noexcept override;

  Callbacks& callbacks() noexcept override { return callbacks_; }
  const ErrorHandler& unobserved_error() const noexcept override { return unobserved_error_; }
  OnInterrupt on_interrupt() const noexcept { return on_interrupt_; }

  // --- the dispatcher's side ---
  FairMutex& mutex() noexcept BROOD_RETURN_CAPABILITY(mutex_) { return mutex_; }
  /// Constant, so it needs no lock.
  std::size_t slots() const noexcept BROOD_NO_THREAD_SAFETY_ANALYSIS {
    return scheduler_.config().workers;
  }
  Supervisor& supervisor() noexcept { return supervisor_; }
  Driver& driver() noexcept BROOD_REQUIRES(mutex_) { return driver_; }
  /// After terminate() nothing is written to workers: what outboxes have borrowed may be gone.
  bool ended() const noexcept { return ended_.load(std::memory_order_acquire); }
  /// Gives the driver what callers have left.
  void take_intake() BROOD_REQUIRES(mutex_);
  /// Whether nothing more has come in: the dispatcher may sleep.
  bool settle_intake() BROOD_REQUIRES(mutex_);
  /// Throws what a caller has left the state in when it left the lock by an exception.
  void check_state() const BROOD_REQUIRES(mutex_) {
    if (torn_) std::rethrow_exception(torn_);
  }
  /// Whether this process has closed the pool's descriptors. Cost: one fstat(2).
  bool has_lost_descriptors() const noexcept { return !sentinel_.intact(); }
  /// The dispatcher cannot go on: every call ends, and later ones, with a SystemError that says so.
  /// The workers are the caller's to end.
  void collapse(const std::exception_ptr& error) noexcept BROOD_EXCLUDES(mutex_);
  /// This process has closed its descriptors: the same, and nothing of it is destroyed any more.
  void lose_descriptors() noexcept BROOD_EXCLUDES(mutex_);
  void look_for_loss() noexcept override BROOD_EXCLUDES(mutex_) {
    if (has_lost_descriptors()) lose_descriptors();
  }

 private:
  class Loan;
  explicit Core(const PoolOptions& options);
  std::shared_ptr<CallState> make_call(detail::JobSpec&& spec);
  void add(const std::shared_ptr<CallState>& call) BROOD_REQUIRES(mutex_);
  void add(std::span<std::shared_ptr<CallState>> calls) BROOD_REQUIRES(mutex_);
  void close_intake() BROOD_REQUIRES(mutex_);
  void wake() noexcept BROOD_EXCLUDES(mutex_);
  bool join_until_next_look(const detail::Deadline& deadline);
  void start_first_workers() BROOD_NO_THREAD_SAFETY_ANALYSIS;
  std::vector<WorkerInfo> known_workers();
  bool drive(WorkerProcess& worker, CallState& call);
  bool exchange(WorkerProcess& worker) const;
  template <class Body>
  auto under_lock(Body body) BROOD_EXCLUDES(mutex_) BROOD_NO_THREAD_SAFETY_ANALYSIS;
  template <class Body>
  void unless_out_of_memory(Body body) BROOD_EXCLUDES(mutex_);
  void check_collapsed() const BROOD_REQUIRES(mutex_) {
    if (collapsed_) std::rethrow_exception(collapsed_);
  }

  const unsigned generation_;  // see platform::fork_generation
  const OnInterrupt on_interrupt_;
  const ErrorHandler unobserved_error_;
  FairMutex mutex_;        // the dispatcher's most of the time
  Supervisor supervisor_;  // refuses to be made where no processes may be started
  const platform::Sentinel sentinel_;
  Callbacks callbacks_;
  Scheduler scheduler_ BROOD_GUARDED_BY(mutex_);
  Dispatcher dispatcher_;  // its thread has ended before the driver does
  Driver driver_ BROOD_GUARDED_BY(mutex_);
  Intake intake_;
  Intake::Calls taken_ BROOD_GUARDED_BY(mutex_);  // a member for its memory
  std::atomic<bool> backlog_{false};              // jobs wait for a worker, not for the dispatcher
  std::atomic<bool> ended_{false};
  // Why no call can end well any more.
  std::exception_ptr collapsed_ BROOD_GUARDED_BY(mutex_);
  // What has left the lock halfway through a change.
  std::exception_ptr torn_ BROOD_GUARDED_BY(mutex_);
  std::once_flag losing_;
  std::atomic<bool> lost_{false};   // all calls have ended by then
  std::shared_ptr<CallHost> self_;  // when it is lost
};

// A caller changes the driver's state. If memory is refused halfway, the dispatcher ends it all:
// else a thread would wait for what no state knows of. Not analysed: clang does not know that the
// lock is the one that `body` requires.
template <class Body>
auto Core::under_lock(Body body) {
  const base::MutexLock lock(mutex_);
  try {
    return body();
  } catch (const Error&) {
    throw;  // a precondition that was checked first
  } catch (...) {
    if (!torn_) torn_ = std::current_exception();
    dispatcher_.wake();
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

#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

#include "pool/base/core_lock.hpp"
#include "pool/driver/action_executor.hpp"
#include "pool/driver/borrowing.hpp"
#include "pool/driver/process_watch.hpp"
#include "pool/driver/state.hpp"
#include "pool/driver/worker_reader.hpp"

namespace brood::pool {

/// A pool without threads, descriptors and clocks: events and the time come in as calls; what is to
/// be done goes out through the WorkerProcesses, the links and the jobs. It stands between the
/// scheduler, which decides, workers and calls. README.md has the rules. Threads: any, one at a
/// time, under the core's lock. The functions below "dispatcher" are for its thread alone; the
/// others leave what needs that thread for the next turn().
class Driver {
 public:
  /// Nothing else calls the scheduler. `callbacks` is what jobs post to.
  Driver(DriverConfig config, Scheduler& scheduler, WorkerProcesses& processes,
         Callbacks& callbacks);
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // --- any thread: calls ---
  /// Takes a job of `count` elements, which wait since `queued`: of use where times are recorded.
  /// Its id is set.
  void add(const std::shared_ptr<CallJob>& job, const JobTraits& traits, std::size_t count,
           Input input, Time queued) BROOD_REQUIRES(core_lock);
  void extend(const CallJob& job, std::size_t count, Input input, Time queued)
      BROOD_REQUIRES(core_lock);
  /// Cancels a job, or one element of it (Action::all: the job). Whether something will not run
  /// because of that: then it ends as cancelled.
  bool cancel(JobId job, std::size_t element, Kill kill, Time now) BROOD_REQUIRES(core_lock);
  /// `draining` is for the dispatcher alone.
  void close(Closing how, Time now) BROOD_REQUIRES(core_lock);
  /// Streams whose reader cannot bring input any more get none.
  void cut_streams_short() BROOD_REQUIRES(core_lock);

  /// Any thread: a caller that drives a worker.
  Borrowing& borrowing() noexcept BROOD_REQUIRES(core_lock) { return borrowing_; }

  // --- dispatcher: workers ---
  void started(std::unique_ptr<WorkerLink> link, Time now) BROOD_REQUIRES(core_lock);
  void start_failed(WorkerId id, std::exception_ptr why, StartFailure kind, Time now)
      BROOD_REQUIRES(core_lock);
  /// Reads what the worker has reported: no more than is in its ring, and `most` bytes.
  void read(WorkerLink& link, std::size_t most, Time now) BROOD_REQUIRES(core_lock);
  /// What the worker sends cannot be read, or it cannot be written to, for this reason.
  void unreadable(WorkerLink& link, const std::exception_ptr& error, Time now)
      BROOD_REQUIRES(core_lock);
  /// The worker's process has ended. What it has left is read, and the worker reaped, in the next
  /// turn, or when its caller has given it back.
  void ended(WorkerLink& link) BROOD_REQUIRES(core_lock);
  /// The worker has hung up: it has closed its socket, or is about to end. It gets no more, and is
  /// stopped where it does not end soon. May be told again.
  void hung_up(WorkerLink& link, Time now) BROOD_REQUIRES(core_lock);

  // --- dispatcher: processes that are watched, where Limits::resident_hard is set ---
  /// Whether that is set.
  bool watches_processes() const noexcept BROOD_REQUIRES(core_lock) { return watch_.is_on(); }
  /// Whether observed() is wanted of the worker now and then.
  bool is_watched(const WorkerLink& link) const BROOD_REQUIRES(core_lock) {
    return watch_.concerns(link);
  }
  /// What has been seen of a watched worker's process. It is stopped where that is too much.
  void observed(WorkerLink& link, const ProcessSight& seen, Time now) BROOD_REQUIRES(core_lock);

  // --- dispatcher: time ---
  /// The slots in which a new pool has processes at once, whose starts it asks for itself.
  std::vector<WorkerId> first_starts(Time now) BROOD_REQUIRES(core_lock);
  /// Does all that is due. True when the pool has ended: no worker is left and none will come.
  bool turn(Time now) BROOD_REQUIRES(core_lock);
  /// When the next turn is wanted if nothing happens.
  std::optional<Time> next_turn(Time now) const BROOD_REQUIRES(core_lock);
  /// This process was stopped for so long, until now: that counts for no limit.
  void skip(Time now, Nanoseconds stopped) BROOD_REQUIRES(core_lock) {
    state_.scheduler.skip(now, stopped);
  }
  /// Every call ends by `reason`, and nothing is done any more. The workers are left to whatever
  /// has started them.
  void collapse(const std::exception_ptr& reason) noexcept BROOD_REQUIRES(core_lock);

  // --- as it stands; any thread ---
  PoolView view() const noexcept BROOD_REQUIRES(core_lock) {
    return state_.scheduler.view().pool();
  }
  WorkerView view(WorkerId worker) const BROOD_REQUIRES(core_lock) {
    return state_.scheduler.view().worker(worker);
  }
  /// When a limit of time may be over.
  std::optional<Time> next_tick() const BROOD_REQUIRES(core_lock) {
    return state_.scheduler.view().next_tick();
  }
  const WorkerTable& workers() const noexcept BROOD_REQUIRES(core_lock) { return state_.workers; }
  const Counters& counters() const noexcept BROOD_REQUIRES(core_lock) { return state_.counters; }

 private:
  void look_at_pages() BROOD_REQUIRES(core_lock);
  void record_job(const CallJob& job, std::size_t count, Time queued) BROOD_REQUIRES(core_lock);
  void record_end(WorkerLink& link, std::optional<std::uint64_t> begun, const Death& death)
      BROOD_REQUIRES(core_lock);
  void reap_ended() BROOD_REQUIRES(core_lock);
  void reap(WorkerLink& link, const Death& death) BROOD_REQUIRES(core_lock);
  void note_failed_start(WorkerLink& link, const Death& death) BROOD_REQUIRES(core_lock);

  DriverState state_ BROOD_GUARDED_BY(core_lock);
  ActionExecutor actions_ BROOD_GUARDED_BY(core_lock){state_};
  WorkerReader reader_ BROOD_GUARDED_BY(core_lock){state_};
  ProcessWatch watch_ BROOD_GUARDED_BY(core_lock){state_};
  Borrowing borrowing_ BROOD_GUARDED_BY(core_lock){state_, actions_, reader_};
  Time last_look_ BROOD_GUARDED_BY(core_lock){};  // at the pages
};

}  // namespace brood::pool

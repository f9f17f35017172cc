#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "pool/base/core_lock.hpp"
#include "pool/driver/action_executor.hpp"
#include "pool/driver/borrowing.hpp"
#include "pool/driver/state.hpp"
#include "pool/driver/worker_reader.hpp"

namespace brood::pool {

/// A pool without threads, descriptors and clocks: events and the time come in as calls; what is to
/// be done goes out through the Host, the links and the jobs. It stands between the scheduler,
/// which decides, workers and calls. README.md has the rules. Threads: any, one at a time, under
/// the core's lock. The functions below "dispatcher" are for its thread alone; the others leave
/// what needs that thread for the next turn().
class Driver {
 public:
  /// Nothing else tells the scheduler anything. `callbacks` is what jobs post to.
  Driver(DriverConfig config, Scheduler& scheduler, Host& host, Callbacks& callbacks);
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // --- any thread: calls ---
  /// Takes a job of `count` elements; more may come unless it is `last`. Its id is set.
  void add(const std::shared_ptr<CallJob>& job, const JobTraits& traits, std::size_t count,
           bool last) BROOD_REQUIRES(core_lock);
  void extend(const CallJob& job, std::size_t count, bool last) BROOD_REQUIRES(core_lock);
  /// Cancels a job, or one element of it (Action::all: the job). Whether something will not run
  /// because of that: then it ends as cancelled.
  bool cancel(JobId job, std::size_t element, Kill kill, Time now) BROOD_REQUIRES(core_lock);
  /// `draining` is for the dispatcher alone.
  void close(Closing how, Time now) BROOD_REQUIRES(core_lock);
  /// Streams whose reader cannot bring input any more get none.
  void cut_streams_short() BROOD_REQUIRES(core_lock);

  // --- a caller that drives a worker: see Borrowing ---
  WorkerLink* borrow(CallJob& job, Time now) BROOD_REQUIRES(core_lock) {
    return borrowing_.borrow(job, now);
  }
  std::optional<bool> read_borrowed(WorkerLink& link, CallJob& job, bool written,
                                    std::exception_ptr error, Time now,
                                    std::size_t most = most_at_a_time) BROOD_REQUIRES(core_lock) {
    return borrowing_.read(link, job, written, std::move(error), now, most);
  }
  std::optional<bool> took_result(WorkerLink& link, CallJob& job,
                                  const protocol::ParentSide::LargeResult& result, Time now)
      BROOD_REQUIRES(core_lock) {
    return borrowing_.took(link, job, result, now);
  }
  void give_back_broken(WorkerLink& link, CallJob& job, Time now) BROOD_REQUIRES(core_lock) {
    borrowing_.give_back_broken(link, job, now);
  }

  // --- dispatcher: workers ---
  void started(std::unique_ptr<WorkerLink> link, Time now) BROOD_REQUIRES(core_lock);
  void start_failed(WorkerId id, std::exception_ptr why, StartFailure kind, Time now)
      BROOD_REQUIRES(core_lock);
  /// Reads what the worker has told, and tells it: no more than is in its ring, and `most` bytes.
  void read(WorkerLink& link, std::size_t most, Time now) BROOD_REQUIRES(core_lock);
  /// What the worker sends cannot be read, or it cannot be written to, for this reason.
  void unreadable(WorkerLink& link, const std::exception_ptr& error, Time now)
      BROOD_REQUIRES(core_lock);
  /// The worker's process has ended. What it has left is read, and the worker reaped, in the next
  /// turn, or when its caller has given it back.
  void ended(WorkerLink& link) BROOD_REQUIRES(core_lock);
  void stream_ended(WorkerLink& link, Time now) BROOD_REQUIRES(core_lock) {
    state_.workers.stop_when_silent(link, now);
  }
  /// The worker is to be stopped for what has been seen of its process. For `memory` its `oversize`
  /// has been set.
  void stop(WorkerLink& link, StopReason why, Time now) BROOD_REQUIRES(core_lock);

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
  /// Every call ends by `reason`, and nothing is done any more. The workers are the host's to end.
  void collapse(const std::exception_ptr& reason) noexcept BROOD_REQUIRES(core_lock);

  const Scheduler& scheduler() const noexcept BROOD_REQUIRES(core_lock) { return state_.scheduler; }
  const WorkerTable& workers() const noexcept BROOD_REQUIRES(core_lock) { return state_.workers; }

 private:
  void look_at_pages() BROOD_REQUIRES(core_lock);
  void reap_ended() BROOD_REQUIRES(core_lock);
  void reap(WorkerLink& link, const Death& death) BROOD_REQUIRES(core_lock);
  void note_failed_start(WorkerLink& link, const Death& death) BROOD_REQUIRES(core_lock);

  DriverState state_ BROOD_GUARDED_BY(core_lock);
  ActionExecutor actions_ BROOD_GUARDED_BY(core_lock){state_};
  WorkerReader reader_ BROOD_GUARDED_BY(core_lock){state_};
  Borrowing borrowing_ BROOD_GUARDED_BY(core_lock){state_, actions_, reader_};
  Time last_look_ BROOD_GUARDED_BY(core_lock){};  // at the pages
};

}  // namespace brood::pool

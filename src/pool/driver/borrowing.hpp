#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>

#include "pool/base/core_lock.hpp"
#include "pool/driver/action_executor.hpp"
#include "pool/driver/worker_reader.hpp"

namespace brood::pool {

/// Idle workers that a caller drives itself: README.md, "The thread that drives a worker".
/// Threads: any, as the driver's, but for what is below "dispatcher".
class Borrowing {
 public:
  Borrowing(DriverState& state, ActionExecutor& actions, WorkerReader& reader)
      : state_(state), actions_(actions), reader_(reader) {}

  /// An idle worker for a job that has just been added, with the task in its outbox; null if there
  /// is none, or others wait.
  WorkerLink* borrow(CallJob& job, Time now) BROOD_REQUIRES(core_lock);
  /// What the caller has seen of its worker: it has written something, or will not any more.
  enum class News : std::uint8_t { written, none };
  /// Reads `most` bytes at most of what the worker has written. `error`: why the caller can read no
  /// more. Returns nothing while there is more to come; else the link has been given back, and the
  /// result is whether the dispatcher has something to do.
  std::optional<bool> read(WorkerLink& link, CallJob& job, News news, std::exception_ptr error,
                           Time now, std::size_t most = most_at_a_time) BROOD_REQUIRES(core_lock);
  /// The caller has decoded this large result while it arrived. Otherwise as read().
  std::optional<bool> took(WorkerLink& link, CallJob& job,
                           const protocol::ParentSide::LargeResult& result, Time now)
      BROOD_REQUIRES(core_lock);
  /// The caller goes by an exception: the worker is of no use any more, and the job has failed.
  void give_back_broken(WorkerLink& link, CallJob& job, Time now) BROOD_REQUIRES(core_lock);

  // --- dispatcher ---
  /// Of the workers that are settled, lets those be borrowed that are idle, and whose rings nothing
  /// waits for.
  void offer_idle_workers() BROOD_REQUIRES(core_lock);
  /// The worker cannot be borrowed any more.
  void withdraw(WorkerLink& link) BROOD_REQUIRES(core_lock);
  /// Whether it is idle, and nothing waits for its rings.
  bool may_be_borrowed(const WorkerLink& link) const BROOD_REQUIRES(core_lock);

 private:
  std::optional<bool> after_reading(WorkerLink& link, CallJob& job, News news,
                                    const std::exception_ptr& error) BROOD_REQUIRES(core_lock);
  void set_borrowable(WorkerLink& link, bool borrowable) BROOD_REQUIRES(core_lock);
  void give_back(WorkerLink& link, CallJob& job) BROOD_REQUIRES(core_lock);

  DriverState& state_;
  ActionExecutor& actions_;
  WorkerReader& reader_;
};

}  // namespace brood::pool

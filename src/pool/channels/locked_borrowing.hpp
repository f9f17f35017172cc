#pragma once

#include <exception>
#include <optional>

#include "pool/base/core_lock.hpp"
#include "pool/calls/call_job.hpp"
#include "pool/driver/borrowing.hpp"
#include "pool/driver/worker_link.hpp"

namespace brood::pool {

/// The driver as a BorrowedChannel reaches it: each function of Borrowing under a hold of the
/// core's lock of its own. CallerAccess for a real pool, a world of the simulation for its own.
/// Threads: those of callers.
class LockedBorrowing {
 public:
  using LargeResult = protocol::ParentSide::LargeResult;

  /// Whether the pool was terminated.
  virtual bool is_terminated() const noexcept = 0;
  /// Whether this process has closed the pool's descriptors.
  virtual bool has_lost_descriptors() const noexcept = 0;

  // --- see Borrowing ---
  virtual std::optional<bool> read(WorkerLink& link, CallJob& job, Borrowing::News news,
                                   const std::exception_ptr& error) BROOD_EXCLUDES(core_lock) = 0;
  virtual std::optional<bool> took(WorkerLink& link, CallJob& job, const LargeResult& result)
      BROOD_EXCLUDES(core_lock) = 0;
  /// And the dispatcher has something to do.
  virtual void give_back_broken(WorkerLink& link, CallJob& job) noexcept
      BROOD_EXCLUDES(core_lock) = 0;

 protected:
  ~LockedBorrowing() = default;
};

}  // namespace brood::pool

#pragma once

#include <cstddef>
#include <exception>

#include "pool/base/core_lock.hpp"
#include "pool/driver/worker_table.hpp"

namespace brood::pool {

/// The driver as a ChannelReactor reaches it: each event is told under a hold of the core's lock of
/// its own. PoolState for a real pool, a world of the simulation for its own. No function waits for
/// anything but the lock. Threads: the dispatcher's.
class LockedDriver {
 public:
  /// The driver's workers. They come and go in this thread alone.
  virtual LinksOfDispatcher workers() const noexcept = 0;
  /// Whether the pool was terminated: nothing is written any more.
  virtual bool is_terminated() const noexcept = 0;
  /// Whether this process has closed the pool's descriptors: no event is believed any more.
  virtual bool has_lost_descriptors() const noexcept = 0;

  // --- events: see Driver ---
  /// Has some of the worker's ring read, and returns how many bytes that were at most.
  virtual std::size_t read(WorkerLink& link) BROOD_EXCLUDES(core_lock) = 0;
  virtual void unreadable(WorkerLink& link, const std::exception_ptr& error)
      BROOD_EXCLUDES(core_lock) = 0;
  virtual void hung_up(WorkerLink& link) BROOD_EXCLUDES(core_lock) = 0;
  virtual void ended(WorkerLink& link) BROOD_EXCLUDES(core_lock) = 0;

 protected:
  ~LockedDriver() = default;
};

}  // namespace brood::pool

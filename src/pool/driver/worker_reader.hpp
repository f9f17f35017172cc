#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "pool/base/core_lock.hpp"
#include "pool/driver/state.hpp"

namespace brood::pool {

/// Bytes of a result stream that are read in one hold of the core's lock: some 10 µs.
inline constexpr std::size_t most_at_a_time = std::size_t{64} << 10;

/// From workers' streams and pages to the scheduler and the jobs. What that leads to waits for the
/// ActionExecutor. Threads: as the driver's.
class WorkerReader {
 public:
  explicit WorkerReader(DriverState& state) : state_(state) {}

  /// Reads what is in the worker's ring, `most` bytes at most and no more than is there when this
  /// begins, and reports it. Throws where that makes no sense, and std::bad_alloc.
  void read(WorkerLink& link, std::size_t most) BROOD_REQUIRES(core_lock);
  /// Reports a result that its caller has read from the ring. Throws as read().
  void took(WorkerLink& link, const protocol::ParentSide::LargeResult& result)
      BROOD_REQUIRES(core_lock);
  /// The same of all that it has reported, also in an open frame, and returns what it has begun.
  Running look(WorkerLink& link) BROOD_REQUIRES(core_lock);
  /// Reads and reports what a dead worker has left in its page.
  void read_the_rest(WorkerLink& link) BROOD_REQUIRES(core_lock);
  /// How much a dead worker had begun; nothing where its page cannot be believed.
  std::optional<std::uint64_t> begun_by_the_dead(WorkerLink& link) BROOD_REQUIRES(core_lock);

 private:
  class Events;

  std::size_t read_some(WorkerLink& link, std::size_t most) BROOD_REQUIRES(core_lock);
  std::size_t skip(WorkerLink& link, std::size_t most) BROOD_REQUIRES(core_lock);
  void read_all(WorkerLink& link) BROOD_REQUIRES(core_lock);
  protocol::PageWatch::Known known(const WorkerLink& link) const BROOD_REQUIRES(core_lock);
  void bound_attached() BROOD_REQUIRES(core_lock);

  DriverState& state_;
  // Descriptors that wait for their results; those that do no longer are taken off at a count.
  std::size_t attached_at_most_ BROOD_GUARDED_BY(core_lock) = 0;
};

}  // namespace brood::pool

#pragma once

#include <cstdint>

#include "pool/base/core_lock.hpp"
#include "pool/driver/state.hpp"

namespace brood::pool {

/// What can be seen of a worker's process from outside.
struct ProcessSight {
  std::uint64_t resident;  // bytes of its memory
  bool main_thread_ended;  // and other threads go on
};

/// What workers may do to their memory and their threads where Limits::resident_hard is set. It
/// decides, and the driver stops. Threads: as the driver's.
class ProcessWatch {
 public:
  explicit ProcessWatch(DriverState& state) : state_(state) {}

  bool is_on() const noexcept BROOD_REQUIRES(core_lock) {
    return state_.config.limits.resident_hard.has_value();
  }
  /// Whether the worker's process is to be looked at: it runs something, also its initializer.
  bool concerns(const WorkerLink& link) const BROOD_REQUIRES(core_lock);
  /// Takes note of what has been seen of a process, and says why its worker is to be stopped.
  StopReason observed(WorkerLink& link, const ProcessSight& seen) const BROOD_REQUIRES(core_lock);

 private:
  DriverState& state_;
};

}  // namespace brood::pool

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "pool/base/core_lock.hpp"
#include "pool/dispatcher/worker_process.hpp"
#include "pool/driver/driver.hpp"

namespace brood::pool {

/// Looks after Limits::resident_hard: how much memory workers have that run something.
/// Threads: the dispatcher's.
class ResidentGuard {
 public:
  explicit ResidentGuard(std::optional<std::uint64_t> limit) : limit_(limit) {}

  /// Tells the driver of workers that are above the limit, if it is time to look.
  void check(Driver& driver, Time now) BROOD_REQUIRES(core_lock);
  /// When check is wanted next.
  std::optional<Time> next(const Driver& driver) const BROOD_REQUIRES(core_lock);

 private:
  static constexpr auto period = std::chrono::milliseconds(50);
  static constexpr auto time_to_end = std::chrono::seconds(1);
  static bool concerns(const Driver& driver, const WorkerLink& link) BROOD_REQUIRES(core_lock);
  void check(Driver& driver, WorkerProcess& worker, Time now) const BROOD_REQUIRES(core_lock);
  static void check_main_thread(Driver& driver, WorkerProcess& worker, Time now)
      BROOD_REQUIRES(core_lock);

  std::optional<std::uint64_t> limit_;  // bytes
  Time last_{};
};

}  // namespace brood::pool

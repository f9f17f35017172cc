#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "pool/scheduler/types.hpp"

namespace brood::pool {

class Core;
class WorkerLink;

/// Looks after Limits::resident_hard: how much memory workers have that run something.
/// Threads: the dispatcher's, under the core's lock.
class ResidentGuard {
 public:
  ResidentGuard(Core& core, std::optional<std::uint64_t> limit) : core_(core), limit_(limit) {}

  /// Whether there is a limit. Then no worker is lent: nobody would look at it meanwhile.
  bool on() const noexcept { return limit_.has_value(); }
  /// Has the scheduler stop workers that are above the limit, if it is time to look.
  void check(Time now);
  /// When check is wanted next.
  std::optional<Time> next() const;

 private:
  static constexpr auto period = std::chrono::milliseconds(50);
  static constexpr auto time_to_end = std::chrono::seconds(1);
  bool concerns(const WorkerLink& link) const;
  void check(WorkerLink& link, Time now);
  void check_main_thread(WorkerLink& link, Time now);
  void stop(WorkerLink& link, std::uint64_t resident, Time now);

  Core& core_;
  std::optional<std::uint64_t> limit_;  // bytes
  Time last_{};
};

}  // namespace brood::pool

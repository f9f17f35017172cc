#pragma once

#include <optional>

#include "pool/scheduler/parts.hpp"

namespace brood::pool {

/// A scheduler as it stands: what its parts know together, which nothing here changes. Lives no
/// longer than the scheduler.
class SchedulerView {
 public:
  explicit SchedulerView(const SchedulerParts& parts) noexcept : parts_(&parts) {}

  const SchedulerConfig& config() const noexcept { return parts_->config; }
  PoolView pool() const noexcept;
  WorkerView worker(WorkerId id) const;
  /// Workers that hold something.
  const SlotSet& occupied() const { return parts_->index.sets().occupied; }
  /// When tick is wanted next.
  std::optional<Time> next_tick() const;

 private:
  const SchedulerParts* parts_;
};

}  // namespace brood::pool

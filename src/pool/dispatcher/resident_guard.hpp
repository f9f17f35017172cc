#pragma once

#include <chrono>
#include <optional>

#include "pool/base/core_lock.hpp"
#include "pool/driver/driver.hpp"

namespace brood::pool {

/// Looks at the processes that the driver watches (ProcessWatch), and reports what it sees.
/// Threads: the dispatcher's.
class ResidentGuard {
 public:
  /// Looks if it is time to.
  void check(Driver& driver, Time now) BROOD_REQUIRES(core_lock);
  /// When check is wanted next.
  std::optional<Time> next(const Driver& driver) const BROOD_REQUIRES(core_lock);

 private:
  static constexpr auto period = std::chrono::milliseconds(50);
  Time last_{};
};

}  // namespace brood::pool

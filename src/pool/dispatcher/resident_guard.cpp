#include "pool/dispatcher/resident_guard.hpp"

#include <algorithm>

#include "platform/process.hpp"
#include "platform/usage.hpp"

namespace brood::pool {

// Also one whose initializer runs.
bool ResidentGuard::concerns(const Driver& driver, const WorkerLink& link) {
  const WorkerView worker = driver.scheduler().view(link.id);
  return link.kill_at == Time{} && (!worker.idle || !worker.came_up);
}

void ResidentGuard::check(Driver& driver, Time now) {
  if (!limit_ || now - last_ < period) return;
  last_ = now;
  for (const auto& link : driver.workers().all()) {
    if (link && concerns(driver, *link)) check(driver, process_of(*link), now);
  }
}

void ResidentGuard::check(Driver& driver, WorkerProcess& worker, Time now) const {
  const std::uint64_t resident = platform::resident_bytes(worker.pid);
  worker.peak_seen = std::max(worker.peak_seen, resident);
  if (resident > *limit_) {
    worker.oversize = resident;
    return driver.stop(worker, StopReason::memory, now);
  }
  check_main_thread(driver, worker, now);
}

// What threads have that come and go faster than one can look is not seen. A worker without its
// main thread answers no more, and one that is dying anyway has had time for that.
void ResidentGuard::check_main_thread(Driver& driver, WorkerProcess& worker, Time now) {
  if (!platform::outlives_main_thread(worker.pid, worker.pidfd)) {
    worker.headless_since = {};
  } else if (worker.headless_since == Time{}) {
    worker.headless_since = now;
  } else if (now - worker.headless_since > time_to_end) {
    driver.stop(worker, StopReason::headless, now);
  }
}

std::optional<Time> ResidentGuard::next(const Driver& driver) const {
  if (!limit_) return std::nullopt;
  const auto links = driver.workers().all();
  const bool any = std::any_of(
      links.begin(), links.end(),
      [&](const auto& link) BROOD_REQUIRES(core_lock) { return link && concerns(driver, *link); });
  return any ? std::optional(last_ + period) : std::nullopt;
}

}  // namespace brood::pool

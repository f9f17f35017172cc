#include "pool/resident_guard.hpp"

#include <algorithm>

#include "platform/process.hpp"
#include "platform/usage.hpp"
#include "pool/core.hpp"

namespace brood::pool {

// Also one whose initializer runs.
bool ResidentGuard::concerns(const WorkerLink& link) const {
  const Scheduler& scheduler = core_.scheduler();
  const WorkerView worker = scheduler.view(link.id);
  return link.kill_at == Time{} && (!worker.idle || !worker.came_up);
}

void ResidentGuard::check(Time now) {
  if (!limit_ || now - last_ < period) return;
  last_ = now;
  for (const auto& link : core_.links()) {
    if (link && concerns(*link)) check(*link, now);
  }
}

void ResidentGuard::check(WorkerLink& link, Time now) {
  const std::uint64_t resident = platform::resident_bytes(link.pid);
  link.peak_seen = std::max(link.peak_seen, resident);
  if (resident > *limit_) return stop(link, resident, now);
  check_main_thread(link, now);
}

// What threads have that come and go faster than one can look is not seen. A worker without its
// main thread answers no more, and one that is dying anyway has had time for that.
void ResidentGuard::check_main_thread(WorkerLink& link, Time now) {
  if (!platform::outlives_main_thread(link.pid, link.pidfd)) {
    link.headless_since = {};
  } else if (link.headless_since == Time{}) {
    link.headless_since = now;
  } else if (now - link.headless_since > time_to_end) {
    core_.scheduler().worker_broken(link.id, now, "its main thread has ended");
  }
}

void ResidentGuard::stop(WorkerLink& link, std::uint64_t resident, Time now) {
  link.oversize = resident;
  if (core_.scheduler().view(link.id).came_up)
    return core_.scheduler().stop_running_element(link.id, ElementFailure::lost, now);
  core_.scheduler().worker_broken(link.id, now);
}

std::optional<Time> ResidentGuard::next() const {
  if (!limit_) return std::nullopt;
  const auto& links = core_.links();
  const bool any = std::any_of(links.begin(), links.end(),
                               [this](const auto& link) { return link && concerns(*link); });
  return any ? std::optional(last_ + period) : std::nullopt;
}

}  // namespace brood::pool

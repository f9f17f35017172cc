#include "pool/dispatcher/resident_guard.hpp"

#include "platform/process.hpp"
#include "platform/usage.hpp"
#include "pool/dispatcher/worker_process.hpp"

namespace brood::pool {

namespace {

// What threads have that come and go faster than one can look is not seen.
ProcessSight look_at(const WorkerProcess& worker) {
  return {.resident = platform::resident_bytes(worker.pid),
          .main_thread_ended = platform::outlives_main_thread(worker.pid, worker.pidfd)};
}

}  // namespace

void ResidentGuard::check(Driver& driver, Time now) {
  if (!driver.watches_processes() || now - last_ < period) return;
  last_ = now;
  for (const auto& link : driver.workers().all()) {
    if (link && driver.is_watched(*link)) driver.observed(*link, look_at(process_of(*link)), now);
  }
}

// Others than those that start or hold something are not watched.
std::optional<Time> ResidentGuard::next(const Driver& driver) const {
  const bool any = driver.watches_processes() && driver.view().busy;
  return any ? std::optional(last_ + period) : std::nullopt;
}

}  // namespace brood::pool

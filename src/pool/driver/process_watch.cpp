#include "pool/driver/process_watch.hpp"

#include <algorithm>
#include <chrono>

namespace brood::pool {

namespace {

// A worker without its main thread answers no more, and one that is dying anyway has time for that.
constexpr auto time_to_end = std::chrono::seconds(1);

}  // namespace

bool ProcessWatch::concerns(const WorkerLink& link) const {
  if (!is_on() || link.kill_at != Time{}) return false;
  const WorkerView worker = state_.scheduler.view().worker(link.id);
  return !worker.idle || !worker.came_up;
}

StopReason ProcessWatch::observed(WorkerLink& link, const ProcessSight& seen) const {
  link.peak_seen = std::max(link.peak_seen, seen.resident);
  if (is_on() && seen.resident > *state_.config.limits.resident_hard) {
    link.oversize = seen.resident;
    return StopReason::memory;
  }
  if (!seen.main_thread_ended) {
    link.main_thread_ended_since = {};
  } else if (link.main_thread_ended_since == Time{}) {
    link.main_thread_ended_since = state_.now;
  } else if (state_.now - link.main_thread_ended_since > time_to_end) {
    return StopReason::main_thread_ended;
  }
  return StopReason::none;
}

}  // namespace brood::pool

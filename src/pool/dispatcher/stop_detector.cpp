#include "pool/dispatcher/stop_detector.hpp"

#include <algorithm>

#include "platform/usage.hpp"

namespace brood::pool {
namespace {

constexpr Nanoseconds least = std::chrono::milliseconds(200);
constexpr Nanoseconds period = std::chrono::milliseconds(500);  // after which it counts anew

}  // namespace

StopDetector::StopDetector(Time now) noexcept : woken_(now), asleep_(now), until_(now) {
  begin(now);
}

void StopDetector::sleeps(Time now, Time until) noexcept {
  asleep_ = now;
  until_ = until;
}

// What is missing is looked into only where it is much: that reads a file.
Nanoseconds StopDetector::woke(Time now) noexcept {
  const Nanoseconds meant = std::max(std::min(now, until_) - asleep_, Nanoseconds::zero());
  const Nanoseconds missing = now - woken_ - meant;
  slept_ += meant;
  woken_ = now;
  if (missing < least) {
    if (now - since_ >= period) begin(now);
    return {};
  }
  const Nanoseconds ran = platform::time_wanted_by_thread() - ran_;
  const Nanoseconds stopped = std::min(missing, now - since_ - slept_ - ran);
  begin(now);
  return stopped >= least ? stopped : Nanoseconds::zero();
}

void StopDetector::begin(Time now) noexcept {
  since_ = now;
  ran_ = platform::time_wanted_by_thread();
  slept_ = {};
}

}  // namespace brood::pool

#pragma once

#include <chrono>
#include <ctime>

namespace brood::platform {

/// For calls that take an absolute time of CLOCK_MONOTONIC, which steady_clock is.
inline timespec absolute(std::chrono::steady_clock::time_point time) noexcept {
  const auto since = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  timespec result{};
  if (seconds.count() < 0) return result;  // long over
  result.tv_sec = static_cast<time_t>(seconds.count());
  result.tv_nsec = static_cast<long>(std::chrono::nanoseconds(since - seconds).count());
  return result;
}

}  // namespace brood::platform

#include "platform/robust_mutex.hpp"

#include <cerrno>
#include <chrono>
#include <ctime>

namespace brood::platform {
namespace {

// steady_clock is CLOCK_MONOTONIC.
timespec absolute(std::chrono::steady_clock::time_point time) noexcept {
  const auto since = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  timespec result{};
  if (seconds.count() < 0) return result;  // long over
  result.tv_sec = static_cast<time_t>(seconds.count());
  result.tv_nsec = static_cast<long>(std::chrono::nanoseconds(since - seconds).count());
  return result;
}

}  // namespace

RobustMutex::RobustMutex() noexcept {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
  pthread_mutex_init(&native_, &attributes);
  pthread_mutexattr_destroy(&attributes);
}

RobustMutex::Result RobustMutex::result_of(int error) noexcept {
  switch (error) {
    case 0:
      return Result::taken;
    case EOWNERDEAD:
      pthread_mutex_consistent(&native_);  // dying before this line is dying as its holder
      return Result::inherited;
    case EDEADLK:
      return Result::mine;
    default:
      return Result::busy;
  }
}

RobustMutex::Result RobustMutex::try_lock() noexcept {
  return result_of(pthread_mutex_trylock(&native_));
}

RobustMutex::Result RobustMutex::lock(const Deadline& deadline) noexcept {
  if (!deadline) return result_of(pthread_mutex_lock(&native_));
  const timespec until = absolute(*deadline);
  return result_of(pthread_mutex_clocklock(&native_, CLOCK_MONOTONIC, &until));
}

void RobustMutex::unlock() noexcept { pthread_mutex_unlock(&native_); }

}  // namespace brood::platform

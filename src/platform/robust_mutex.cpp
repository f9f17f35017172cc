#include "platform/robust_mutex.hpp"

#include <cerrno>

#include "platform/timespec.hpp"

namespace brood::platform {

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

#pragma once

#include <pthread.h>

#include <cstdint>

#include "platform/futex.hpp"

namespace brood::platform {

/// A mutex in memory that processes share. When the thread that holds it dies, however it does, the
/// kernel passes it on, and the next holder is told (pthread_mutexattr_setrobust(3)).
/// Layout: a pthread_mutex_t of glibc's, checking for errors; at most 40 bytes.
class RobustMutex {
 public:
  enum class Result : std::uint8_t {
    taken,
    inherited,  ///< taken; its last holder died holding it
    mine,       ///< not taken again: this thread holds it
    busy,       ///< until the deadline
  };

  /// In memory that is used for nothing yet.
  RobustMutex() noexcept;

  Result try_lock() noexcept;
  Result lock(const Deadline& deadline = std::nullopt) noexcept;
  /// Only by the thread that holds it.
  void unlock() noexcept;

 private:
  Result result_of(int error) noexcept;
  pthread_mutex_t native_;
};

}  // namespace brood::platform

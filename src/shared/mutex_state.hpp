#pragma once

#include <atomic>
#include <cstdint>

#include "platform/robust_mutex.hpp"

namespace brood::shared {

/// What Lock and RLock are in memory, and the beginning of every Value and Array.
struct MutexState {
  platform::RobustMutex mutex;
  std::atomic<std::uint32_t> depth{0};  // written by the holder
  // Written by the holder: a death that somebody found who did not want the mutex.
  std::atomic<bool> death_untold{false};
};

}  // namespace brood::shared

#pragma once

#include <atomic>
#include <cstdint>

#include "platform/robust_mutex.hpp"

namespace brood::shared {

/// What Lock and RLock are in memory, and the beginning of every Value and Array.
struct MutexState {
  platform::RobustMutex mutex;
  std::atomic<std::uint32_t> depth{0};  // written by the holder
};

}  // namespace brood::shared

#pragma once

#include "platform/robust_mutex.hpp"

namespace brood::shared {

/// What Lock and RLock are in memory, and the beginning of every Value and Array. All else about a
/// lock that is held, its holder's process notes for itself (SharedDescriptor::Holding).
struct MutexState {
  platform::RobustMutex mutex;
};

}  // namespace brood::shared

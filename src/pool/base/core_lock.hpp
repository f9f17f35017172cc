#pragma once

#include <mutex>

#include "base/thread_annotations.hpp"
#include "pool/base/fair_mutex.hpp"

namespace brood::pool {

/// The core's lock as annotations name it. Calls, the driver and the dispatcher are guarded by it
/// and have no name for the mutex of their pool. One for all pools: clang does not tell them apart.
class BROOD_CAPABILITY("mutex") CoreLock {};
inline CoreLock core_lock;

/// Holds the core's lock to the end of its scope.
class BROOD_SCOPED_CAPABILITY CoreGuard {
 public:
  explicit CoreGuard(FairMutex& mutex) BROOD_ACQUIRE(core_lock) : lock_(mutex) {}
  CoreGuard(const CoreGuard&) = delete;
  CoreGuard& operator=(const CoreGuard&) = delete;
  ~CoreGuard() BROOD_RELEASE() = default;

 private:
  std::lock_guard<FairMutex> lock_;
};

/// For a pool, call or worker that one thread alone knows of: the lock counts as held from there
/// on.
inline void no_other_thread_knows() noexcept BROOD_ASSERT_CAPABILITY(core_lock) {}

}  // namespace brood::pool

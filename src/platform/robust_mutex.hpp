#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/thread_annotations.hpp"
#include "platform/futex.hpp"

namespace brood::platform {

class HeldMutexes;
class RobustMutex;

/// What a process notes for itself of a mutex that one of its threads holds: with this it need not
/// believe anything that other processes can write. Lives as long as the mutex is held.
class MutexHold {
 public:
  MutexHold() = default;
  MutexHold(const MutexHold&) = delete;
  MutexHold& operator=(const MutexHold&) = delete;
  /// Whether the calling thread holds the mutex.
  bool is_mine() const noexcept;
  /// What is kept as long as it is held, or until its thread ends. Guarded by the mutex.
  std::shared_ptr<const void>& pin() noexcept { return pin_; }

 private:
  friend class RobustMutex;
  friend class HeldMutexes;
  RobustMutex* mutex_ = nullptr;
  MutexHold* newer_ = nullptr;  // of the same thread
  MutexHold* older_ = nullptr;
  std::atomic<std::uint64_t> holder_{0};  // thread and fork generation
  std::shared_ptr<const void> pin_;
};

/// A mutex in memory that processes share. When the thread that holds it dies, however it does, the
/// kernel passes it on, and the next holder is told (the kernel's robust-futexes.rst). Any bytes
/// may be written over it: that costs its users the mutex and nothing else. glibc's own keeps
/// pointers there, and follows them.
/// Layout: 40 bytes, with futex and list entry at the places of a pthread_mutex_t of glibc's, which
/// the list of a thread's robust mutexes asks for.
class BROOD_CAPABILITY("mutex") RobustMutex {
 public:
  enum class Result : std::uint8_t {
    taken,
    /// Taken; its last holder died holding it.
    inherited,
    /// Not taken again: this thread holds it.
    mine,
    /// Not taken: another thread has held it until the deadline.
    busy,
    /// Not taken: what is there was written by no holder.
    broken,
  };

  /// `hold` is the same for all threads of a process that could hold this mutex, or is used once.
  Result try_lock(MutexHold& hold) noexcept;
  Result lock(MutexHold& hold, const Deadline& deadline = std::nullopt) noexcept;
  /// Only by the thread that holds it. False where it has been overwritten meanwhile: others may
  /// have held it, too.
  bool unlock(MutexHold& hold) noexcept;
  /// Tells clang's analysis that the caller holds it, where that cannot be seen.
  void assume_held() const noexcept BROOD_ASSERT_CAPABILITY() {}
  bool is_locked() const noexcept { return state_.load(std::memory_order_relaxed) != 0; }

 private:
  friend class HeldMutexes;
  void abandon(HeldMutexes& held, MutexHold& hold) noexcept;
  Result enter(HeldMutexes& held, MutexHold& hold, Result result) noexcept;
  Result wait_for_it(MutexHold& hold, const Deadline& deadline) noexcept;

  // The futex: the holder's number and the kernel's flags. Beside it the number's complement: what
  // is written over one of them, or over both, is no holder's.
  std::atomic<std::uint64_t> state_{0};
  [[maybe_unused]] std::byte unused_[24]{};
  void* next_ = nullptr;  // for the kernel; never read here
};

}  // namespace brood::platform

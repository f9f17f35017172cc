#pragma once

#include <pthread.h>

#include <functional>

#include "platform/process.hpp"
#include "platform/thread_semaphore.hpp"

namespace brood::platform {

/// A thread with a descriptor table of its own, a copy of this process's up to `number`. It holds
/// what is there until this object ends, and closes it by its exit.
/// Threads: one.
class OwnTable {
 public:
  /// Waits until `action`, which throws nothing, has run in that thread. It may use `number` and
  /// what it opens itself; that goes with the thread.
  explicit OwnTable(int number, std::function<void()> action = {}) noexcept;
  ~OwnTable();
  OwnTable(const OwnTable&) = delete;
  OwnTable& operator=(const OwnTable&) = delete;

  /// False where the system allows no such thread: nothing has been done then.
  explicit operator bool() const noexcept { return separate_; }

 private:
  static void* run(void* itself) noexcept;

  const int number_;
  const std::function<void()> action_;
  OwnThread own_;
  pthread_t thread_{};
  pid_t tid_ = -1;
  bool started_ = false;
  bool separate_ = false;
  ThreadSemaphore ready_, may_end_;
};

/// How many such threads have been let go and have not ended: what they have may not be closed at
/// once. Tells no more than most_lingering.
int lingering_tables() noexcept;
inline constexpr int most_lingering = 16;

}  // namespace brood::platform

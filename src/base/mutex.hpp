#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/thread_annotations.hpp"

namespace brood::base {

/// std::mutex, as a lock that clang's analysis knows.
class BROOD_CAPABILITY("mutex") Mutex {
 public:
  void lock() BROOD_ACQUIRE() { mutex_.lock(); }
  void unlock() BROOD_RELEASE() { mutex_.unlock(); }

 private:
  friend class ConditionVariable;
  std::mutex mutex_;
};

/// Holds a lock to the end of its scope. unlock() and lock() leave it and come back meanwhile.
template <class Lock = Mutex>
class BROOD_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Lock& lock) BROOD_ACQUIRE(lock) : lock_(lock) {}
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;
  ~MutexLock() BROOD_RELEASE() = default;

  void lock() BROOD_ACQUIRE() { lock_.lock(); }
  void unlock() BROOD_RELEASE() { lock_.unlock(); }

 private:
  std::unique_lock<Lock> lock_;
};

/// std::condition_variable for a Mutex. A predicate says that it is called with the lock held:
/// `[this]() BROOD_REQUIRES(mutex_) { return ready_; }`.
class ConditionVariable {
 public:
  void notify_one() noexcept { changed_.notify_one(); }
  void notify_all() noexcept { changed_.notify_all(); }

  /// Unlocks the mutex while it waits, until `predicate()` is true.
  template <class Predicate>
  void wait(Mutex& mutex, Predicate predicate) BROOD_REQUIRES(mutex) {
    Adopted adopted(mutex.mutex_);
    changed_.wait(adopted.lock, predicate);
  }
  /// The same, for `time` at most. What `predicate()` is at the end.
  template <class Rep, class Period, class Predicate>
  bool wait_for(Mutex& mutex, const std::chrono::duration<Rep, Period>& time, Predicate predicate)
      BROOD_REQUIRES(mutex) {
    Adopted adopted(mutex.mutex_);
    return changed_.wait_for(adopted.lock, time, predicate);
  }
  /// The same, until `time` at the latest.
  template <class Clock, class Duration, class Predicate>
  bool wait_until(Mutex& mutex, const std::chrono::time_point<Clock, Duration>& time,
                  Predicate predicate) BROOD_REQUIRES(mutex) {
    Adopted adopted(mutex.mutex_);
    return changed_.wait_until(adopted.lock, time, predicate);
  }

 private:
  /// The mutex that the caller holds, as std::condition_variable wants it.
  struct Adopted {
    explicit Adopted(std::mutex& held) : lock(held, std::adopt_lock) {}
    Adopted(const Adopted&) = delete;
    Adopted& operator=(const Adopted&) = delete;
    ~Adopted() { lock.release(); }
    std::unique_lock<std::mutex> lock;
  };
  std::condition_variable changed_;
};

}  // namespace brood::base

#pragma once

#include <chrono>
#include <optional>
#include <type_traits>
#include <utility>

#include <brood/detail/bytes.hpp>
#include <brood/detail/codec/undecoded.hpp>
#include <brood/detail/duration.hpp>
#include <brood/detail/export.hpp>
#include <brood/errors.hpp>

// What all handles of objects in shared memory have in common.
namespace brood {

class InputArchive;
class OutputArchive;

namespace detail {

/// The descriptor of the object's memory, and where that lies in this process. Has copies only: a
/// handle that was moved from is what it was.
class BROOD_API SharedHandle {
 public:
  SharedHandle(const SharedHandle&) = default;
  SharedHandle& operator=(const SharedHandle&) = default;
  ~SharedHandle();

 protected:
  SharedHandle() = default;
  SharedHandle(DescriptorRef descriptor, void* state) noexcept
      : descriptor_(std::move(descriptor)), state_(state) {}

  DescriptorRef descriptor_;
  void* state_ = nullptr;
};

/// Further members of an object that can be acquired: those with a time limit, from its
/// acquire_by(), and those that std::unique_lock, std::scoped_lock and std::lock_guard call.
template <class Self>
class Acquirable {
 public:
  /// acquire() for at most `duration`. Returns whether it was acquired. Tries once, without
  /// blocking, where `duration` is not positive.
  template <class Rep, class Period>
  bool try_acquire_for(std::chrono::duration<Rep, Period> duration) const {
    return self().acquire_by(deadline_after(duration));
  }
  /// Same, until `time` at most.
  bool try_acquire_until(std::chrono::steady_clock::time_point time) const {
    return self().acquire_by(deadline_at(time));
  }
  /// acquire() by the name of the standard library.
  void lock() const { self().acquire(); }
  /// try_acquire() by the name of the standard library.
  bool try_lock() const { return self().try_acquire(); }
  /// try_acquire_for() by the name of the standard library.
  template <class Rep, class Period>
  bool try_lock_for(std::chrono::duration<Rep, Period> duration) const {
    return try_acquire_for(duration);
  }
  /// Same, until `time` at most, in any unit.
  template <class Duration>
  bool try_lock_until(std::chrono::time_point<std::chrono::steady_clock, Duration> time) const {
    const auto now = std::chrono::steady_clock::now();
    // The distance of a time that is long over need not fit into a duration.
    return time <= now ? self().try_acquire() : try_acquire_for(time - now);
  }
  /// Same as release(), but throws no BrokenObject: a guard's destructor calls it.
  void unlock() const {
    try {
      self().release();
    } catch (const BrokenObject&) {
    }
  }

 protected:
  Acquirable() = default;

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }
};

/// The ways to wait of a condition, from its wait_by().
template <class Self>
class ConditionWaits {
 public:
  /// Releases the lock, however often it was acquired, blocks until notified, and acquires the lock
  /// again as often. Throws UsageError unless this thread holds the lock.
  void wait() const { self().wait_by(std::nullopt); }
  /// Same, but waits for at most `duration`, and then until the lock is free. Returns whether it
  /// was notified.
  template <class Rep, class Period>
  bool wait_for(std::chrono::duration<Rep, Period> duration) const {
    return self().wait_by(deadline_after(duration));
  }
  /// Same, but waits until `time` at most.
  bool wait_until(std::chrono::steady_clock::time_point time) const {
    return self().wait_by(deadline_at(time));
  }
  /// Waits until `predicate()` is true. It is called with the lock held.
  template <class Predicate>
  requires std::is_invocable_r_v<bool, Predicate&>
  void wait(Predicate predicate) const {
    while (!predicate()) wait();
  }
  /// Same, but waits for at most `duration`. Returns what the predicate returned last.
  template <class Predicate, class Rep, class Period>
  bool wait_for(Predicate predicate, std::chrono::duration<Rep, Period> duration) const {
    return wait_for_true(predicate, deadline_after(duration));
  }
  /// Same, but waits until `time` at most.
  template <class Predicate>
  bool wait_until(Predicate predicate, std::chrono::steady_clock::time_point time) const {
    return wait_for_true(predicate, deadline_at(time));
  }

 private:
  friend Self;
  ConditionWaits() = default;
  template <class Predicate>
  bool wait_for_true(Predicate& predicate, const Deadline& deadline) const {
    while (!predicate()) {
      if (!self().wait_by(deadline)) return predicate();
    }
    return true;
  }
  const Self& self() const { return static_cast<const Self&>(*this); }
};

}  // namespace detail
}  // namespace brood

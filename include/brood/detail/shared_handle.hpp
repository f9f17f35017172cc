#pragma once

#include <type_traits>
#include <utility>

#include <brood/detail/bytes.hpp>
#include <brood/detail/duration.hpp>
#include <brood/detail/export.hpp>
#include <brood/errors.hpp>

// What all handles of objects in shared memory have in common.
namespace brood {

class InputArchive;
class OutputArchive;

namespace detail {

/// Asks for a handle that refers to nothing until it is decoded, so that decoding does not first
/// make an object only to drop it.
struct Undecoded {
  explicit Undecoded() = default;
};

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

template <class T>
inline constexpr bool decodes_into_nothing =
    std::is_base_of_v<SharedHandle, T>&& std::is_constructible_v<T, Undecoded>;

/// Further members of an object that can be acquired: try_acquire_for(), and those that
/// std::unique_lock, std::scoped_lock and std::lock_guard call.
template <class Self>
class Acquirable {
 public:
  /// acquire() for at most `duration`. Returns whether it was acquired. Tries once, without
  /// blocking, where `duration` is not positive.
  template <class Rep, class Period>
  bool try_acquire_for(std::chrono::duration<Rep, Period> duration) const {
    return self().try_acquire_until(deadline_after(duration));
  }
  /// Same as acquire(), try_acquire() and try_acquire_for(), by the names of the standard library.
  void lock() const { self().acquire(); }
  bool try_lock() const { return self().try_acquire(); }
  template <class Rep, class Period>
  bool try_lock_for(std::chrono::duration<Rep, Period> duration) const {
    return try_acquire_for(duration);
  }
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

/// The ways to wait of a condition, from its wait_until().
template <class Self>
class ConditionWaits {
 public:
  /// Releases the lock, however often it was acquired, blocks until notified, and acquires the lock
  /// again as often. Throws UsageError unless this thread holds the lock.
  void wait() const { self().wait_until(std::nullopt); }
  /// Same, but waits for at most `duration`, and then until the lock is free. Returns whether it
  /// was notified.
  template <class Rep, class Period>
  bool wait_for(std::chrono::duration<Rep, Period> duration) const {
    return self().wait_until(deadline_after(duration));
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
    const Deadline deadline = deadline_after(duration);
    while (!predicate()) {
      if (!self().wait_until(deadline)) return predicate();
    }
    return true;
  }

 private:
  friend Self;
  ConditionWaits() = default;
  const Self& self() const { return static_cast<const Self&>(*this); }
};

}  // namespace detail
}  // namespace brood

#pragma once

#include <utility>

#include <brood/detail/bytes.hpp>
#include <brood/detail/chrono.hpp>
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

/// What std::unique_lock, std::scoped_lock and std::lock_guard call, from the acquire(),
/// try_acquire(), acquire_by() and release() of an object. Self makes them public, and has their
/// contracts.
template <class Self>
class Acquirable {
 protected:
  Acquirable() = default;

  void lock() const { self().acquire(); }
  bool try_lock() const { return self().try_acquire(); }
  template <class Rep, class Period>
  bool try_lock_for(std::chrono::duration<Rep, Period> duration) const {
    return self().acquire_by(deadline_after(duration));
  }
  template <class Duration>
  bool try_lock_until(std::chrono::time_point<std::chrono::steady_clock, Duration> time) const {
    const auto now = std::chrono::steady_clock::now();
    // The distance of a time that is long over need not fit into a duration.
    return time <= now ? self().try_acquire() : try_lock_for(time - now);
  }
  void unlock() const {
    try {
      self().release();
    } catch (const BrokenObject&) {
    }
  }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }
};

/// Waits by `wait()`, which returns false when the time is over, until `predicate()` is true. What
/// the predicate returned last.
template <class Predicate, class Wait>
bool wait_for_true(Predicate& predicate, Wait wait) {
  while (!predicate()) {
    if (!wait()) return predicate();
  }
  return true;
}

}  // namespace detail
}  // namespace brood

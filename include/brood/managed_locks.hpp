#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <brood/detail/duration.hpp>
#include <brood/detail/export.hpp>
#include <brood/detail/managed_ref.hpp>
#include <brood/detail/shared_handle.hpp>
#include <brood/errors.hpp>

// What processes wait for each other with, in a manager's server. Beside brood::Lock and its kin,
// which live in shared memory and are a thousand times faster, these need no common machine. A
// process that is killed while it waits takes nothing with it.
// All of them: Throws SystemError when the server has ended or can serve no further thread,
// UsageError for a handle that refers to nothing. Threads: any number, in any number of processes.
// Fork: the child has the same object, and holds nothing of what its parent does.
namespace brood {

namespace detail {
/// Acquirable, but that a guard is left quietly when the server has ended, which holds nothing
/// then, or while another error is on its way, of which that this is not held is a consequence.
template <class Self>
class RemotelyAcquirable : public Acquirable<Self> {
 public:
  void unlock() const {
    try {
      static_cast<const Self&>(*this).release();
    } catch (const SystemError&) {
    } catch (const UsageError&) {
      if (std::uncaught_exceptions() == 0) throw;
    }
  }
};

/// What ManagedLock and ManagedRLock have in common.
class BROOD_API ManagedMutex : public ManagedRef, public RemotelyAcquirable<ManagedMutex> {
 public:
  ManagedMutex() = default;

  /// Blocks until it is acquired.
  void acquire() const { static_cast<void>(try_acquire_until(std::nullopt)); }
  bool try_acquire() const { return try_acquire_until(std::chrono::steady_clock::now()); }
  /// Whether it was acquired before the deadline; nothing means for ever.
  bool try_acquire_until(const Deadline& deadline) const;
  /// Throws UsageError unless the calling thread holds it.
  void release() const;
  bool locked() const;
  /// Whether the thread or process that held it had ended without releasing it: what the lock
  /// guards may be half done. Tells of the latest acquisition.
  bool owner_died() const;

 protected:
  explicit ManagedMutex(ManagedRef object) : ManagedRef(std::move(object)) {}
};
}  // namespace detail

/// A mutual exclusion between threads of any processes, released by the thread that has acquired
/// it. When that ends before, or its process, the next one gets the lock: owner_died() tells it.
/// A thread that acquires it again gets a UsageError.
class BROOD_API ManagedLock : public detail::ManagedMutex {
 public:
  ManagedLock() = default;
  explicit ManagedLock(ManagedRef object) : ManagedMutex(std::move(object)) {}
};

/// A lock that the thread which holds it may acquire again; as many releases give it back.
class BROOD_API ManagedRLock : public detail::ManagedMutex {
 public:
  ManagedRLock() = default;
  explicit ManagedRLock(ManagedRef object) : ManagedMutex(std::move(object)) {}
};

/// A count that acquire() takes one of and waits for. Anybody may release it. What a process has
/// taken when it ends stays taken, but comes back to a bounded one.
class BROOD_API ManagedSemaphore : public detail::ManagedRef,
                                   public detail::RemotelyAcquirable<ManagedSemaphore> {
 public:
  ManagedSemaphore() = default;
  explicit ManagedSemaphore(ManagedRef object) : ManagedRef(std::move(object)) {}

  /// Blocks until it is acquired.
  void acquire() const { static_cast<void>(try_acquire_until(std::nullopt)); }
  bool try_acquire() const { return try_acquire_until(std::chrono::steady_clock::now()); }
  /// Whether it was acquired before the deadline; nothing means for ever.
  bool try_acquire_until(const detail::Deadline& deadline) const;
  /// Throws UsageError for a bounded one that would exceed what it began with.
  void release(std::int64_t count = 1) const;
  /// What acquire() would not wait for.
  std::int64_t value() const;
};
/// Made by Manager::bounded_semaphore, it refuses to be released more often than acquired.
using ManagedBoundedSemaphore = ManagedSemaphore;

/// Something that has happened or not yet.
class BROOD_API ManagedEvent : public detail::ManagedRef {
 public:
  ManagedEvent() = default;
  explicit ManagedEvent(ManagedRef object) : ManagedRef(std::move(object)) {}

  /// Lets everybody go on who waits, or will before clear().
  void set() const;
  void clear() const;
  bool is_set() const;
  /// Blocks until it is set, if only for a moment.
  void wait() const { wait_until(std::nullopt); }
  /// Whether it was set within `duration`.
  template <class Rep, class Period>
  bool wait_for(std::chrono::duration<Rep, Period> duration) const {
    return wait_until(detail::deadline_after(duration));
  }

 private:
  bool wait_until(const detail::Deadline& deadline) const;
};

/// A lock, and a way to wait, while one holds it, until another says that something has changed.
class BROOD_API ManagedCondition : public detail::ManagedRef,
                                   public detail::RemotelyAcquirable<ManagedCondition>,
                                   public detail::ConditionWaits<ManagedCondition> {
 public:
  ManagedCondition() = default;
  explicit ManagedCondition(ManagedRef object) : ManagedRef(std::move(object)) {}

  /// The lock's own: see ManagedLock.
  void acquire() const { static_cast<void>(try_acquire_until(std::nullopt)); }
  bool try_acquire() const { return try_acquire_until(std::chrono::steady_clock::now()); }
  bool try_acquire_until(const detail::Deadline& deadline) const;
  void release() const;
  bool owner_died() const;

  /// wait() to a point in time, nothing means for ever: whether it was notified.
  bool wait_until(const detail::Deadline& deadline) const;

  /// End the waits of one, of `count`, of all who wait now; the lock need not be held.
  void notify_one() const { notify(1); }
  void notify_all() const { notify(static_cast<std::size_t>(-1)); }
  void notify(std::size_t count) const;
};

/// Lets a number of parties go on when all of them have come, again and again. It breaks when one
/// that waits gives up or its process ends: the others get BrokenBarrier, until reset().
class BROOD_API ManagedBarrier : public detail::ManagedRef {
 public:
  ManagedBarrier() = default;
  explicit ManagedBarrier(ManagedRef object) : ManagedRef(std::move(object)) {}

  /// Waits for the others. Returns a number from 0 to parties() - 1, another one for each party.
  /// Throws BrokenBarrier.
  std::size_t wait() const { return wait_until(std::nullopt); }
  /// Same, for at most `duration`, after which the barrier is broken for all.
  template <class Rep, class Period>
  std::size_t wait_for(std::chrono::duration<Rep, Period> duration) const {
    return wait_until(detail::deadline_after(duration));
  }
  std::size_t parties() const;
  /// How many have come and wait for the others.
  std::size_t n_waiting() const;
  /// Makes a broken barrier whole. Who waits gets BrokenBarrier.
  void reset() const;
  /// Breaks the barrier: who waits, and who comes before reset(), gets BrokenBarrier.
  void abort() const;
  bool broken() const;

 private:
  std::size_t wait_until(const detail::Deadline& deadline) const;
};

}  // namespace brood

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
#include <brood/detail/manager/ref.hpp>
#include <brood/detail/shared/handle.hpp>
#include <brood/errors.hpp>

// Locks and other means of waiting in a manager's server. They work between machines. On one
// machine brood::Lock and its kin, which are in shared memory, are a thousand times faster. A
// process that is killed while it waits takes nothing with it.
// All of them: a handle; copies are the same object. Every call sends a message and blocks until
// the answer is there: some 20 µs. Throws SystemError when the server has ended or can serve no
// further thread, UsageError for a handle that refers to nothing. Threads: any number, in any
// number of processes. Fork: the child has the same object, but holds nothing that its parent
// holds.
namespace brood {

namespace detail {
/// Acquirable, with an unlock() for guards. It throws nothing when the server has ended, since
/// nothing is held then. Nor does it, while another exception is on its way, where the lock is not
/// held: that is a consequence of the exception.
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

  /// Blocks until this thread holds the lock.
  void acquire() const { static_cast<void>(acquire_by(std::nullopt)); }
  /// Acquires the lock if it is free. Returns whether it was.
  bool try_acquire() const { return acquire_by(std::chrono::steady_clock::now()); }
  /// Releases the lock. Throws UsageError unless the calling thread holds it.
  void release() const;
  /// Whether a thread holds the lock now.
  bool locked() const;
  /// Whether the previous holder, a thread or its process, ended without releasing the lock: what
  /// the lock guards may then be half changed. Tells of the latest acquisition by any process.
  bool owner_died() const;

 protected:
  explicit ManagedMutex(ManagedRef object) : ManagedRef(std::move(object)) {}

 private:
  friend class Acquirable<ManagedMutex>;
  bool acquire_by(const Deadline& deadline) const;
};
}  // namespace detail

/// A mutex for threads of any processes, made by Manager::lock. Only the thread that acquired it
/// can release it. When that thread or its process ends before, the next thread gets the lock, and
/// owner_died() is true. acquire() throws UsageError where the thread holds the lock already.
class BROOD_API ManagedLock : public detail::ManagedMutex {
 public:
  /// Refers to nothing; every call throws UsageError.
  ManagedLock() = default;

 private:
  friend class Manager;
  explicit ManagedLock(ManagedRef object) : ManagedMutex(std::move(object)) {}
};

/// Same, made by Manager::rlock, but the thread that holds it may acquire it again. It is free
/// after as many releases.
class BROOD_API ManagedRLock : public detail::ManagedMutex {
 public:
  /// Refers to nothing; every call throws UsageError.
  ManagedRLock() = default;

 private:
  friend class Manager;
  explicit ManagedRLock(ManagedRef object) : ManagedMutex(std::move(object)) {}
};

/// A number of permits, made by Manager::semaphore: acquire() takes one, release() adds one, in any
/// thread. When a process ends, the permits that it took stay taken; those of a bounded semaphore
/// come back.
class BROOD_API ManagedSemaphore : public detail::ManagedRef,
                                   public detail::RemotelyAcquirable<ManagedSemaphore> {
 public:
  /// Refers to nothing; every call throws UsageError.
  ManagedSemaphore() = default;

  /// Takes a permit. Blocks until there is one.
  void acquire() const { static_cast<void>(acquire_by(std::nullopt)); }
  /// Takes a permit if there is one. Returns whether there was.
  bool try_acquire() const { return acquire_by(std::chrono::steady_clock::now()); }
  /// Adds `count` permits. Throws UsageError for less than one, and where a bounded semaphore would
  /// then have more than at first.
  void release(std::int64_t count = 1) const;
  /// Number of free permits.
  std::int64_t value() const;

 private:
  friend class Manager;
  friend class detail::Acquirable<ManagedSemaphore>;
  explicit ManagedSemaphore(ManagedRef object) : ManagedRef(std::move(object)) {}
  bool acquire_by(const detail::Deadline& deadline) const;
};
/// Made by Manager::bounded_semaphore. It cannot be released more often than acquired.
using ManagedBoundedSemaphore = ManagedSemaphore;

/// A flag that threads can set, clear and wait for, made by Manager::event.
class BROOD_API ManagedEvent : public detail::ManagedRef {
 public:
  /// Refers to nothing; every call throws UsageError.
  ManagedEvent() = default;

  /// Sets the event: all waiters go on, and all waits until clear() return at once.
  void set() const;
  /// Clears the event: later waits block.
  void clear() const;
  /// Whether the event is set.
  bool is_set() const;
  /// Blocks until the event is set. Returns also where it was cleared again at once.
  void wait() const { wait_by(std::nullopt); }
  /// Same, but for at most `duration`. Returns whether the event was set.
  template <class Rep, class Period>
  bool wait_for(std::chrono::duration<Rep, Period> duration) const {
    return wait_by(detail::deadline_after(duration));
  }
  /// Same, until `time` at most.
  bool wait_until(std::chrono::steady_clock::time_point time) const {
    return wait_by(detail::deadline_at(time));
  }

 private:
  friend class Manager;
  explicit ManagedEvent(ManagedRef object) : ManagedRef(std::move(object)) {}
  bool wait_by(const detail::Deadline& deadline) const;
};

/// A condition variable with its lock, made by Manager::condition: a thread that holds the lock can
/// wait until another thread notifies it of a change. wait(), wait_for() and wait_until(): as those
/// of Condition.
class BROOD_API ManagedCondition : public detail::ManagedRef,
                                   public detail::RemotelyAcquirable<ManagedCondition>,
                                   public detail::ConditionWaits<ManagedCondition> {
 public:
  /// Refers to nothing; every call throws UsageError.
  ManagedCondition() = default;

  /// Acquires the condition's lock: see ManagedLock. Blocks until this thread holds it.
  void acquire() const { static_cast<void>(acquire_by(std::nullopt)); }
  /// Acquires the condition's lock if it is free. Returns whether it was.
  bool try_acquire() const { return acquire_by(std::chrono::steady_clock::now()); }
  /// Releases the condition's lock. Throws UsageError unless the calling thread holds it.
  void release() const;
  /// Whether the previous holder of the condition's lock had ended: see ManagedLock.
  bool owner_died() const;

  /// Ends the wait of one of the present waiters. Does not need the lock.
  void notify_one() const { notify(1); }
  /// Same, of all of them.
  void notify_all() const { notify(static_cast<std::size_t>(-1)); }
  /// Same, of `count` of them.
  void notify(std::size_t count) const;

 private:
  friend class Manager;
  friend class detail::Acquirable<ManagedCondition>;
  friend class detail::ConditionWaits<ManagedCondition>;
  explicit ManagedCondition(ManagedRef object) : ManagedRef(std::move(object)) {}
  bool acquire_by(const detail::Deadline& deadline) const;
  bool wait_by(const detail::Deadline& deadline) const;
};

/// Blocks each of a fixed number of parties until all of them have arrived, again and again. Made
/// by Manager::barrier. When a party that waits gives up, or its process ends, the barrier breaks:
/// the others get BrokenBarrier, until reset().
class BROOD_API ManagedBarrier : public detail::ManagedRef {
 public:
  /// Refers to nothing; every call throws UsageError.
  ManagedBarrier() = default;

  /// Blocks until all parties have arrived. Returns a number from 0 to parties() - 1, a different
  /// one to each party. Throws BrokenBarrier.
  std::size_t wait() const { return wait_by(std::nullopt); }
  /// Same, but waits for at most `duration`. Then the barrier is broken for all parties, and the
  /// call throws BrokenBarrier.
  template <class Rep, class Period>
  std::size_t wait_for(std::chrono::duration<Rep, Period> duration) const {
    return wait_by(detail::deadline_after(duration));
  }
  /// Same, but waits until `time` at most.
  std::size_t wait_until(std::chrono::steady_clock::time_point time) const {
    return wait_by(detail::deadline_at(time));
  }
  /// The number of parties that the barrier was made for.
  std::size_t parties() const;
  /// Parties that have arrived and wait for the others.
  std::size_t n_waiting() const;
  /// Makes a broken barrier usable again. Parties that wait get BrokenBarrier.
  void reset() const;
  /// Breaks the barrier: parties that wait, and parties that arrive before reset(), get
  /// BrokenBarrier.
  void abort() const;
  /// Whether the barrier is broken.
  bool broken() const;

 private:
  friend class Manager;
  explicit ManagedBarrier(ManagedRef object) : ManagedRef(std::move(object)) {}
  std::size_t wait_by(const detail::Deadline& deadline) const;
};

}  // namespace brood

#pragma once

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include <brood/detail/chrono.hpp>
#include <brood/detail/duration.hpp>
#include <brood/detail/export.hpp>
#include <brood/detail/manager/acquirable.hpp>
#include <brood/detail/manager/ref.hpp>

namespace brood {

/// A flag that threads can set, clear and wait for, made by Manager::event.
/// Works between machines. A process that is killed while it waits takes nothing with it.
/// A handle: copies are the same event, and == tells whether two handles are of the same one.
/// Every call sends a message and blocks until the answer is there. Throws SystemError when the
/// server has ended or can serve no further thread, QuotaError for a remote program. Threads: any
/// number, in any number of processes. Fork: the child has the same event. Cost: some 20 µs for a
/// call.
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

  /// Whether it refers to an object.
  using ManagedRef::operator bool;
  /// Encodes the handle. Throws CodecError where it refers to nothing.
  using ManagedRef::save;
  /// Decodes a handle. Throws CodecError for bytes that are none.
  using ManagedRef::load;

 private:
  friend class ObjectFactory;
  explicit ManagedEvent(ManagedRef object) : ManagedRef(std::move(object)) {}
  bool wait_by(const detail::Deadline& deadline) const;
};

/// A condition variable with its lock, made by Manager::condition: a thread that holds the lock can
/// wait until another thread notifies it of a change.
/// Works between machines. A process that is killed while it waits takes nothing with it.
/// A handle: copies are the same condition, and == tells whether two handles are of the same one.
/// Every call sends a message and blocks until the answer is there. Throws SystemError when the
/// server has ended or can serve no further thread, QuotaError for a remote program. Threads: any
/// number, in any number of processes. Fork: the child has the same condition, and does not hold
/// its lock. Cost: some 20 µs for a call.
class BROOD_API ManagedCondition : public detail::ManagedRef,
                                   public detail::RemotelyAcquirable<ManagedCondition> {
 public:
  /// Refers to nothing; every call throws UsageError.
  ManagedCondition() = default;

  /// Acquires the condition's lock: see ManagedLock. Blocks until this thread holds it.
  void acquire() const { static_cast<void>(acquire_by(std::nullopt)); }
  /// Acquires the condition's lock if it is free. Returns whether it was.
  bool try_acquire() const { return acquire_by(std::chrono::steady_clock::now()); }
  /// Same, but blocks for at most `duration`: not at all where that is not positive.
  template <class Rep, class Period>
  bool try_acquire_for(std::chrono::duration<Rep, Period> duration) const {
    return acquire_by(detail::deadline_after(duration));
  }
  /// Same, but blocks until `time` at most.
  bool try_acquire_until(std::chrono::steady_clock::time_point time) const {
    return acquire_by(detail::deadline_at(time));
  }
  /// Releases the condition's lock. Throws UsageError unless the calling thread holds it.
  void release() const;
  /// Whether the previous holder of the condition's lock had ended: see ManagedLock.
  bool owner_died() const;

  // The names of the standard library, for std::unique_lock and its kin.

  /// Does what acquire() does.
  using RemotelyAcquirable::lock;
  /// Does what try_acquire() does.
  using RemotelyAcquirable::try_lock;
  /// Does what try_acquire_for() does.
  using RemotelyAcquirable::try_lock_for;
  /// Does what try_acquire_until() does, in any unit of time.
  using RemotelyAcquirable::try_lock_until;
  /// Does what release() does, but throws no SystemError, and no UsageError while an exception is
  /// on its way: the destructor of a guard calls it.
  using RemotelyAcquirable::unlock;

  /// Releases the lock, however often it was acquired, blocks until notified, and acquires the lock
  /// again as often. Throws UsageError unless this thread holds the lock.
  void wait() const { wait_by(std::nullopt); }
  /// Same, but waits for at most `duration`, and then until the lock is free. Returns whether it
  /// was notified.
  template <class Rep, class Period>
  bool wait_for(std::chrono::duration<Rep, Period> duration) const {
    return wait_by(detail::deadline_after(duration));
  }
  /// Same, but waits until `time` at most.
  bool wait_until(std::chrono::steady_clock::time_point time) const {
    return wait_by(detail::deadline_at(time));
  }
  /// Waits until `predicate()` is true. It is called with the lock held. Throws what it throws.
  template <class Predicate>
  requires std::is_invocable_r_v<bool, Predicate&>
  void wait(Predicate predicate) const {
    while (!predicate()) wait();
  }
  /// Same, but waits for at most `duration`. Returns what the predicate returned last.
  template <class Predicate, class Rep, class Period>
  bool wait_for(Predicate predicate, std::chrono::duration<Rep, Period> duration) const {
    return detail::wait_for_true(predicate, [this, deadline = detail::deadline_after(duration)] {
      return wait_by(deadline);
    });
  }
  /// Same, but waits until `time` at most.
  template <class Predicate>
  bool wait_until(Predicate predicate, std::chrono::steady_clock::time_point time) const {
    return detail::wait_for_true(
        predicate, [this, deadline = detail::deadline_at(time)] { return wait_by(deadline); });
  }

  /// Ends the wait of one of the present waiters. Does not need the lock.
  void notify_one() const { notify(1); }
  /// Same, of all of them.
  void notify_all() const { notify(static_cast<std::size_t>(-1)); }
  /// Same, of `count` of them.
  void notify(std::size_t count) const;

  /// Whether it refers to an object.
  using ManagedRef::operator bool;
  /// Encodes the handle. Throws CodecError where it refers to nothing.
  using ManagedRef::save;
  /// Decodes a handle. Throws CodecError for bytes that are none.
  using ManagedRef::load;

 private:
  friend class ObjectFactory;
  friend class detail::Acquirable<ManagedCondition>;
  explicit ManagedCondition(ManagedRef object) : ManagedRef(std::move(object)) {}
  bool acquire_by(const detail::Deadline& deadline) const;
  bool wait_by(const detail::Deadline& deadline) const;
};

/// Blocks each of a fixed number of parties until all of them have arrived, again and again. Made
/// by Manager::barrier. When a party that waits gives up, or its process ends, the barrier breaks:
/// the others get BrokenBarrier, until reset().
/// Works between machines. A process that is killed while it waits takes nothing with it.
/// A handle: copies are the same barrier, and == tells whether two handles are of the same one.
/// Every call sends a message and blocks until the answer is there. Throws SystemError when the
/// server has ended or can serve no further thread, QuotaError for a remote program. Threads: any
/// number, in any number of processes. Fork: the child has the same barrier. Cost: some 20 µs for a
/// call.
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

  /// Whether it refers to an object.
  using ManagedRef::operator bool;
  /// Encodes the handle. Throws CodecError where it refers to nothing.
  using ManagedRef::save;
  /// Decodes a handle. Throws CodecError for bytes that are none.
  using ManagedRef::load;

 private:
  friend class ObjectFactory;
  explicit ManagedBarrier(ManagedRef object) : ManagedRef(std::move(object)) {}
  std::size_t wait_by(const detail::Deadline& deadline) const;
};

}  // namespace brood

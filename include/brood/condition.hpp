#pragma once

#include <cstddef>
#include <optional>
#include <type_traits>

#include <brood/detail/chrono.hpp>
#include <brood/lock.hpp>

namespace brood {

/// A condition variable with its lock: a thread that holds the lock can wait until another thread
/// notifies it of a change.
/// A wait may, seldom, end without a notification: give a predicate, or check again what you wait
/// for.
/// A handle: a copy, in this process or another, is the same condition with the same lock. A waiter
/// that is killed blocks no other waiter, and takes no notification from them.
/// Threads: any. Fork: the child has the same condition, and does not hold its lock. Throws
/// BrokenObject when another process has overwritten its memory or that of its lock. Cost: that of
/// its lock; a system call for each wait, and for each notification that finds a waiter.
/// Layout: memory of its own, beside that of the lock, with a header, a count of notifications, the
/// number of waiters, and the number of notifications that no waiter has taken up yet.
class BROOD_API Condition : public detail::SharedHandle, public detail::Acquirable<Condition> {
 public:
  /// A new condition with an RLock of its own. Throws SystemError.
  Condition();
  /// A new condition with `lock`. Throws SystemError.
  Condition(Lock lock);
  Condition(RLock lock);

  /// Acquires the condition's lock: see Lock. Blocks until this thread holds it.
  void acquire() const { lock_.acquire(); }
  /// Acquires the condition's lock if it is free. Returns whether it was. Never blocks.
  bool try_acquire() const { return lock_.try_acquire(); }
  /// Same, but blocks for at most `duration`: not at all where that is not positive.
  template <class Rep, class Period>
  bool try_acquire_for(std::chrono::duration<Rep, Period> duration) const {
    return acquire_by(detail::deadline_after(duration));
  }
  /// Same, but blocks until `time` at most.
  bool try_acquire_until(std::chrono::steady_clock::time_point time) const {
    return acquire_by(detail::deadline_at(time));
  }
  /// Releases the condition's lock. Never blocks. Throws UsageError unless this thread holds it.
  void release() const { lock_.release(); }
  /// Whether the previous holder of the condition's lock had died: see Lock.
  bool owner_died() const noexcept { return lock_.owner_died(); }

  // The names of the standard library, for std::unique_lock and its kin.

  /// Does what acquire() does.
  using Acquirable::lock;
  /// Does what try_acquire() does.
  using Acquirable::try_lock;
  /// Does what try_acquire_for() does.
  using Acquirable::try_lock_for;
  /// Does what try_acquire_until() does, in any unit of time.
  using Acquirable::try_lock_until;
  /// Does what release() does, but throws no BrokenObject: the destructor of a guard calls it.
  using Acquirable::unlock;

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

  /// Ends the wait of one of the present waiters. Never blocks. Change what they wait for with the
  /// lock held; the notification itself does not need the lock.
  void notify_one() const noexcept { notify(1); }
  /// Same, of all of them.
  void notify_all() const noexcept;
  /// Same, of `count` of them.
  void notify(std::size_t count) const noexcept;

  /// Encodes the handle. Throws CodecError where it refers to nothing.
  void save(OutputArchive& archive) const;
  /// Decodes a handle. Throws CodecError for bytes that are no Condition.
  void load(InputArchive& archive);

 private:
  friend class detail::Acquirable<Condition>;
  friend class detail::UndecodedAccess;
  explicit Condition(detail::Undecoded) {}
  bool acquire_by(const detail::Deadline& deadline) const { return lock_.acquire_by(deadline); }
  bool wait_by(const detail::Deadline& deadline) const;

  detail::MutexHandle lock_;
};

}  // namespace brood

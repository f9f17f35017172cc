#pragma once

#include <cstddef>

#include <brood/lock.hpp>

namespace brood {

/// A condition variable with its lock: a thread that holds the lock can wait until another thread
/// notifies it of a change. wait() and wait_for() are in detail::ConditionWaits.
/// A wait may, seldom, end without a notification: give a predicate, or check again what you wait
/// for.
/// A handle: a copy, in this process or another, is the same condition with the same lock. A waiter
/// that is killed blocks no other waiter, and takes no notification from them.
/// Threads: any. Fork: the child has the same condition, and does not hold its lock.
/// Layout: memory of its own, beside that of the lock, with a header, a count of notifications, the
/// number of waiters, and the number of notifications that no waiter has taken up yet.
class BROOD_API Condition : public detail::SharedHandle,
                            public detail::Acquirable<Condition>,
                            public detail::ConditionWaits<Condition> {
 public:
  /// A new condition with an RLock of its own, or with `lock`. Throws SystemError.
  Condition();
  Condition(Lock lock);
  Condition(RLock lock);
  /// For decoding only: refers to nothing until load().
  explicit Condition(detail::Undecoded) : lock_(Lock(detail::Undecoded())) {}

  /// Acquire and release the condition's lock: see Lock.
  void acquire() const { lock_.acquire(); }
  bool try_acquire() const { return lock_.try_acquire(); }
  bool try_acquire_until(detail::Deadline deadline) const {
    return lock_.try_acquire_until(deadline);
  }
  void release() const { lock_.release(); }
  bool owner_died() const noexcept { return lock_.owner_died(); }

  /// wait() until `deadline` at most; std::nullopt means without a limit. Returns whether the
  /// waiter was notified. Throws UsageError unless this thread holds the lock; BrokenObject.
  bool wait_until(detail::Deadline deadline) const;

  /// Ends the waits of one, of all, or of `count` of the present waiters. Never blocks. Change what
  /// they wait for with the lock held; the notification itself does not need the lock.
  void notify_one() const noexcept { notify(1); }
  void notify_all() const noexcept;
  void notify(std::size_t count) const noexcept;

  /// Encode and decode the handle. Throw CodecError: save() where it refers to nothing, load() for
  /// bytes that are no Condition.
  void save(OutputArchive& archive) const;
  void load(InputArchive& archive);

 private:
  detail::MutexHandle lock_;
};

}  // namespace brood

#pragma once

#include <cstddef>

#include <brood/lock.hpp>

namespace brood {

/// A condition variable with its lock: a thread that holds the lock can wait until another thread
/// notifies it of a change. wait(), wait_for() and wait_until() are in detail::ConditionWaits.
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
  /// A new condition with an RLock of its own. Throws SystemError.
  Condition();
  /// A new condition with `lock`. Throws SystemError.
  Condition(Lock lock);
  Condition(RLock lock);

  /// Acquires the condition's lock: see Lock. Blocks until this thread holds it.
  void acquire() const { lock_.acquire(); }
  /// Acquires the condition's lock if it is free. Returns whether it was. Never blocks.
  bool try_acquire() const { return lock_.try_acquire(); }
  /// Releases the condition's lock. Never blocks. Throws UsageError unless this thread holds it.
  void release() const { lock_.release(); }
  /// Whether the previous holder of the condition's lock had died: see Lock.
  bool owner_died() const noexcept { return lock_.owner_died(); }

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
  friend class detail::ConditionWaits<Condition>;
  friend class detail::UndecodedAccess;
  explicit Condition(detail::Undecoded) {}
  bool acquire_by(const detail::Deadline& deadline) const { return lock_.acquire_by(deadline); }
  bool wait_by(const detail::Deadline& deadline) const;

  detail::MutexHandle lock_;
};

}  // namespace brood

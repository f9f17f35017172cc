#pragma once

#include <cstddef>

#include <brood/lock.hpp>

namespace brood {

/// A lock, and a way to wait, while one holds it, until another says that something has changed.
/// A wait may end for no reason, though seldom: give a predicate, or ask again what you wait for.
/// A handle: a copy, in this process or another, is the same condition with the same lock. A waiter
/// that is killed blocks nobody, and does not keep a notification from the others.
/// Threads: any. Fork: the child has the same condition, and does not hold its lock.
/// Layout: memory of its own, beside that of the lock, with a header, a count of notifications, and
/// how many of them nobody has taken up yet.
class BROOD_API Condition : public detail::SharedHandle,
                            public detail::Acquirable<Condition>,
                            public detail::ConditionWaits<Condition> {
 public:
  /// A new one with an RLock of its own, or with the lock given. Throws SystemError.
  Condition();
  Condition(Lock lock);
  Condition(RLock lock);
  explicit Condition(detail::Undecoded) : lock_(Lock(detail::Undecoded())) {}

  /// The lock's own: see Lock.
  void acquire() const { lock_.acquire(); }
  bool try_acquire() const { return lock_.try_acquire(); }
  bool try_acquire_until(detail::Deadline deadline) const {
    return lock_.try_acquire_until(deadline);
  }
  void release() const { lock_.release(); }
  bool owner_died() const noexcept { return lock_.owner_died(); }

  /// wait() to a point in time, nothing means for ever: whether it was notified.
  bool wait_until(detail::Deadline deadline) const;

  /// Ends the waits of so many who wait now, or of all. Never blocks. What they wait for is changed
  /// with the lock held; to notify one need not hold it.
  void notify_one() const noexcept { notify(1); }
  void notify_all() const noexcept;
  void notify(std::size_t count) const noexcept;

  void save(OutputArchive& archive) const;
  void load(InputArchive& archive);

 private:
  detail::MutexHandle lock_;
};

}  // namespace brood

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
class BROOD_API Condition : public detail::SharedHandle, public detail::Acquirable<Condition> {
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

  /// Gives the lock up, however often it was acquired, until notified; then has it again. Blocks
  /// also until the lock is free. Throws UsageError unless this thread holds the lock.
  void wait() const { wait_until(std::nullopt); }
  /// Same, for at most `duration` (and until the lock is free): whether it was notified.
  template <class Rep, class Period>
  bool wait_for(std::chrono::duration<Rep, Period> duration) const {
    return wait_until(detail::deadline_after(duration));
  }
  /// Same, to a point in time; nothing means for ever.
  bool wait_until(detail::Deadline deadline) const;
  /// Waits until `predicate()` is true, which is called with the lock held.
  template <class Predicate>
  requires std::is_invocable_r_v<bool, Predicate&>
  void wait(Predicate predicate) const {
    while (!predicate()) wait();
  }
  /// Same, for at most `duration`: what the predicate says at the end.
  template <class Predicate, class Rep, class Period>
  bool wait_for(Predicate predicate, std::chrono::duration<Rep, Period> duration) const {
    const detail::Deadline deadline = detail::deadline_after(duration);
    while (!predicate()) {
      if (!wait_until(deadline)) return predicate();
    }
    return true;
  }

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

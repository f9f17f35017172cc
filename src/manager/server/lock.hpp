#pragma once

#include <cstdint>
#include <memory>

#include "base/mutex.hpp"
#include "manager/operations.hpp"
#include "manager/server/caller.hpp"

namespace brood::manager {

/// A lock, held by a thread of a client.
class ServedLock : public std::enable_shared_from_this<ServedLock> {
 public:
  explicit ServedLock(Reentrant reentrant) : reentrant_(reentrant) {}

  bool acquire(Caller& caller, const platform::Deadline& deadline);
  void release(const Holder& holder);
  bool is_held() const;
  bool owner_died() const;
  /// Its thread has ended, or its process: the next waiter gets the lock, and is told.
  void abandon(const Holder& holder);
  void forget(std::uint64_t process);

  /// Gives it up while `list` is waited in, and has it again. Whether it was notified.
  bool wait_in(const std::shared_ptr<WaitList>& list, Caller& caller,
               const platform::Deadline& deadline);
  /// Guards the lists of conditions too.
  base::Mutex& mutex() noexcept BROOD_RETURN_CAPABILITY(mutex_) { return mutex_; }

 private:
  void demand_held_by(const Holder& holder) const BROOD_REQUIRES(mutex_);
  bool take(Caller& caller, const platform::Deadline& deadline, unsigned depth)
      BROOD_REQUIRES(mutex_);
  void let_go() BROOD_REQUIRES(mutex_);
  Caller::Undo undo_of(const Holder& holder);

  const Reentrant reentrant_;
  mutable base::Mutex mutex_;
  Holder holder_ BROOD_GUARDED_BY(mutex_);
  unsigned depth_ BROOD_GUARDED_BY(mutex_) = 0;
  bool holder_ended_ BROOD_GUARDED_BY(mutex_) = false;  // before it was acquired again
  bool told_ BROOD_GUARDED_BY(mutex_) = false;          // what owner_died() says
  WaitList free_ BROOD_GUARDED_BY(mutex_);
};

}  // namespace brood::manager

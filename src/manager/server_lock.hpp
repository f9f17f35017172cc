#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "manager/server_caller.hpp"

namespace brood::manager {

/// A lock, held by a thread of a client.
class ServedLock : public std::enable_shared_from_this<ServedLock> {
 public:
  enum class Reentrant : bool { no, yes };
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
  std::mutex& mutex() noexcept { return mutex_; }

 private:
  void demand_held_by(const Holder& holder) const;
  bool take(std::unique_lock<std::mutex>& lock, Caller& caller, const platform::Deadline& deadline,
            unsigned depth);
  void let_go();
  Caller::Undo undo_of(const Holder& holder);

  const Reentrant reentrant_;
  mutable std::mutex mutex_;
  Holder holder_;  // guarded by mutex_, as all below
  unsigned depth_ = 0;
  bool holder_ended_ = false;  // before anybody has acquired it again
  bool told_ = false;          // what owner_died() says
  WaitList free_;
};

}  // namespace brood::manager

#include "manager/server/lock.hpp"

#include <utility>

#include <brood/errors.hpp>
#include "manager/operations.hpp"
#include "manager/server/call.hpp"

namespace brood::manager {

bool ServedLock::acquire(Caller& caller, const platform::Deadline& deadline) {
  Caller::Undo undo = undo_of(caller.holder());
  base::MutexLock lock(mutex_);
  if (holder_ != caller.holder()) {
    if (!take(caller, deadline, 1)) return false;
  } else if (reentrant_ == Reentrant::yes) {
    ++depth_;
  } else {
    if (deadline) return false;
    throw UsageError(
        "brood::ManagedLock: this thread holds it already and would wait for ever; "
        "a ManagedRLock may be acquired again");
  }
  caller.on_undelivered(std::move(undo));
  return true;
}

bool ServedLock::take(Caller& caller, const platform::Deadline& deadline, unsigned depth) {
  if (!free_.wait_until(mutex_, caller, deadline,
                        [this]() BROOD_REQUIRES(mutex_) { return holder_.process == 0; }))
    return false;
  holder_ = caller.holder();
  depth_ = depth;
  told_ = std::exchange(holder_ended_, false);
  return true;
}

void ServedLock::let_go() {
  holder_ = {};
  depth_ = 0;
  free_.notify_one();
}

// The client has ended, so that it holds it no more, however often it did.
Caller::Undo ServedLock::undo_of(const Holder& holder) {
  return [self = shared_from_this(), holder] {
    const base::MutexLock lock(self->mutex_);
    if (self->holder_ == holder && --self->depth_ == 0) self->let_go();
  };
}

void ServedLock::demand_held_by(const Holder& holder) const {
  if (holder_ != holder)
    throw UsageError(
        "brood: a managed lock is released, and waited with, by the thread that holds it");
}

void ServedLock::release(const Holder& holder) {
  const base::MutexLock lock(mutex_);
  demand_held_by(holder);
  if (--depth_ == 0) let_go();
}

bool ServedLock::is_held() const {
  const base::MutexLock lock(mutex_);
  return holder_.process != 0;
}

bool ServedLock::owner_died() const {
  const base::MutexLock lock(mutex_);
  return told_;
}

void ServedLock::abandon(const Holder& holder) {
  const base::MutexLock lock(mutex_);
  if (holder_ != holder) return;
  holder_ended_ = true;
  let_go();
}

void ServedLock::forget(std::uint64_t process) {
  const base::MutexLock lock(mutex_);
  if (holder_.process != process) return;
  holder_ended_ = true;
  let_go();
}

bool ServedLock::wait_in(const std::shared_ptr<WaitList>& list, Caller& caller,
                         const platform::Deadline& deadline) {
  Caller::Undo undo = [self = shared_from_this(), list] {
    const base::MutexLock guard(self->mutex_);
    if (!list->empty()) list->notify_one();
  };
  base::MutexLock lock(mutex_);
  demand_held_by(caller.holder());
  caller.make_wake_event();  // a thread that cannot wait keeps the lock
  const unsigned depth = depth_;
  let_go();
  const bool notified = list->wait(mutex_, caller, deadline);
  try {
    take(caller, std::nullopt, depth);
  } catch (const Abandoned&) {
    if (notified && !list->empty()) list->notify_one();
    throw;
  }
  if (notified) caller.on_undelivered(std::move(undo));
  return notified;
}

NewObject RootOperations::make_lock(ServedCall&, Reentrant reentrant) {
  return {std::make_shared<ServedLock>(reentrant), &typeid(ServedLock), true,
          [](void* object, std::uint64_t process) {
            static_cast<ServedLock*>(object)->forget(process);
          }};
}

bool LockOperations::acquire(ServedCall& call, Patience patience) {
  return call.object<ServedLock>().acquire(caller(call), deadline_of(patience));
}
void LockOperations::release(ServedCall& call) {
  call.object<ServedLock>().release(caller(call).holder());
}
void LockOperations::abandon(ServedCall& call) {
  call.object<ServedLock>().abandon(caller(call).holder());
}
bool LockOperations::is_held(ServedCall& call) { return call.object<ServedLock>().is_held(); }
bool LockOperations::owner_died(ServedCall& call) { return call.object<ServedLock>().owner_died(); }

}  // namespace brood::manager

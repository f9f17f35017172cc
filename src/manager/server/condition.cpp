#include <brood/errors.hpp>
#include "manager/server/call.hpp"
#include "manager/server/lock.hpp"
#include "manager/stubs.hpp"

namespace brood::manager {
namespace {

/// A lock, perhaps that of others too, and the waiters for a change of what it guards.
class ServedCondition {
 public:
  explicit ServedCondition(std::shared_ptr<ServedLock> lock) : lock_(std::move(lock)) {}

  ServedLock& lock() const { return *lock_; }
  bool wait(Caller& caller, const detail::Deadline& deadline) {
    return lock_->wait_in(waiting_, caller, deadline);
  }
  void notify(std::uint64_t count) {
    const base::MutexLock guard(lock_->mutex());
    WaitList& waiting = list();
    while (count-- != 0 && !waiting.empty()) waiting.notify_one();
  }
  void forget(std::uint64_t process) { lock_->forget(process); }

 private:
  WaitList& list() const BROOD_REQUIRES(lock_->mutex()) { return *waiting_; }

  const std::shared_ptr<ServedLock> lock_;
  const std::shared_ptr<WaitList> waiting_ = std::make_shared<WaitList>();
};

ServedCondition& condition(ServedCall& call) { return call.object<ServedCondition>(); }
Caller& caller(ServedCall& call) { return call.state().caller; }

}  // namespace

void make_condition(ServedCall& call) {
  const auto number = argument<std::uint64_t>(call);
  const std::shared_ptr<Entry> entry = call.state().server.find(number);
  if (!entry || *entry->object.type != typeid(ServedLock))
    throw UsageError("brood::Manager::condition: its lock is an object of the same manager");
  auto lock = std::static_pointer_cast<ServedLock>(entry->object.object);
  call.put_new({std::make_shared<ServedCondition>(std::move(lock)), &typeid(ServedCondition), true,
                [](void* object, std::uint64_t process) {
                  static_cast<ServedCondition*>(object)->forget(process);
                }});
}

void condition_acquire(ServedCall& call) {
  const detail::Deadline deadline = deadline_argument(call);
  put_result(call, condition(call).lock().acquire(caller(call), deadline));
}
void condition_release(ServedCall& call) { condition(call).lock().release(caller(call).holder()); }
void condition_abandon(ServedCall& call) { condition(call).lock().abandon(caller(call).holder()); }
void condition_owner_died(ServedCall& call) {
  put_result(call, condition(call).lock().owner_died());
}
void condition_wait(ServedCall& call) {
  const detail::Deadline deadline = deadline_argument(call);
  put_result(call, condition(call).wait(caller(call), deadline));
}
void condition_notify(ServedCall& call) { condition(call).notify(argument<std::uint64_t>(call)); }

}  // namespace brood::manager

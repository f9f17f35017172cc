#include <brood/errors.hpp>
#include "manager/operations.hpp"
#include "manager/server/call.hpp"
#include "manager/server/lock.hpp"

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

}  // namespace

NewObject RootOperations::make_condition(ServedCall& call, std::uint64_t lock) {
  const std::shared_ptr<Entry> entry = call.state().server.find(lock);
  if (!entry || *entry->object.type != typeid(ServedLock))
    throw UsageError("brood::Manager::condition: its lock is an object of the same manager");
  auto served_lock = std::static_pointer_cast<ServedLock>(entry->object.object);
  return {std::make_shared<ServedCondition>(std::move(served_lock)), &typeid(ServedCondition), true,
          [](void* object, std::uint64_t process) {
            static_cast<ServedCondition*>(object)->forget(process);
          }};
}

bool ConditionOperations::acquire(ServedCall& call, Patience patience) {
  return condition(call).lock().acquire(caller(call), deadline_of(patience));
}
void ConditionOperations::release(ServedCall& call) {
  condition(call).lock().release(caller(call).holder());
}
void ConditionOperations::abandon(ServedCall& call) {
  condition(call).lock().abandon(caller(call).holder());
}
bool ConditionOperations::owner_died(ServedCall& call) {
  return condition(call).lock().owner_died();
}
bool ConditionOperations::wait(ServedCall& call, Patience patience) {
  return condition(call).wait(caller(call), deadline_of(patience));
}
void ConditionOperations::notify(ServedCall& call, std::uint64_t count) {
  condition(call).notify(count);
}

}  // namespace brood::manager

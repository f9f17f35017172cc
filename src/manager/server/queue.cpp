#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include <brood/errors.hpp>
#include "base/mutex.hpp"
#include "manager/operations.hpp"
#include "manager/server/call.hpp"
#include "manager/server/stored.hpp"

namespace brood::manager {
namespace {

class ServedQueue : public std::enable_shared_from_this<ServedQueue> {
 public:
  explicit ServedQueue(std::uint64_t maxsize) : maxsize_(maxsize) {}

  bool put(AnyValue item, Caller& caller, const detail::Deadline& deadline) {
    base::MutexLock lock(mutex_);
    const auto ready = [this]() BROOD_REQUIRES(mutex_) {
      return closed_ || maxsize_ == 0 || items_.size() < maxsize_;
    };
    if (!room_.wait_until(mutex_, caller, deadline, ready)) return false;
    if (closed_) throw UsageError("brood::ManagedQueue: it is closed");
    items_.push_back(std::move(item));
    ++unfinished_;
    filled_.notify_one();
    return true;
  }
  /// Null at the deadline, and at the end of a closed queue.
  AnyValue get(Caller& caller, const detail::Deadline& deadline) {
    base::MutexLock lock(mutex_);
    const auto ready = [this]() BROOD_REQUIRES(mutex_) { return closed_ || !items_.empty(); };
    if (!filled_.wait_until(mutex_, caller, deadline, ready) || items_.empty()) return nullptr;
    AnyValue item = items_.front();
    Caller::Undo undo = [self = shared_from_this(), item] { self->put_back(item); };
    items_.pop_front();
    item->set_taken();
    room_.notify_one();
    caller.on_undelivered(std::move(undo));
    return item;
  }
  std::uint64_t size() const {
    const base::MutexLock lock(mutex_);
    return items_.size();
  }
  std::uint64_t maxsize() const noexcept { return maxsize_; }
  void close() {
    const base::MutexLock lock(mutex_);
    closed_ = true;
    room_.notify_all();
    filled_.notify_all();
  }
  bool is_closed() const {
    const base::MutexLock lock(mutex_);
    return closed_;
  }
  void task_done() {
    const base::MutexLock lock(mutex_);
    if (unfinished_ == 0)
      throw UsageError("brood::ManagedQueue: task_done was called more often than put");
    if (--unfinished_ == 0) done_.notify_all();
  }
  bool join(Caller& caller, const detail::Deadline& deadline) {
    base::MutexLock lock(mutex_);
    return done_.wait_until(mutex_, caller, deadline,
                            [this]() BROOD_REQUIRES(mutex_) { return unfinished_ == 0; });
  }

 private:
  // Its place is at the front, though the queue may have been filled meanwhile.
  void put_back(const AnyValue& item) {
    const base::MutexLock lock(mutex_);
    items_.push_front(item);
    filled_.notify_one();
  }

  const std::uint64_t maxsize_;
  mutable base::Mutex mutex_;
  std::deque<AnyValue> items_ BROOD_GUARDED_BY(mutex_);
  std::uint64_t unfinished_ BROOD_GUARDED_BY(mutex_) = 0;
  bool closed_ BROOD_GUARDED_BY(mutex_) = false;
  WaitList room_ BROOD_GUARDED_BY(mutex_);
  WaitList filled_ BROOD_GUARDED_BY(mutex_);
  WaitList done_ BROOD_GUARDED_BY(mutex_);
};

ServedQueue& queue(ServedCall& call) { return call.object<ServedQueue>(); }

}  // namespace

NewObject RootOperations::make_queue(ServedCall&, std::uint64_t maxsize) {
  return {std::make_shared<ServedQueue>(maxsize), &typeid(ServedQueue), true};
}

bool QueueOperations::put(ServedCall& call, Patience patience, AnyValue value) {
  return queue(call).put(std::move(value), caller(call), deadline_of(patience));
}
std::optional<AnyValue> QueueOperations::get(ServedCall& call, Patience patience) {
  AnyValue value = queue(call).get(caller(call), deadline_of(patience));
  if (!value) return std::nullopt;
  return value;
}
std::uint64_t QueueOperations::size(ServedCall& call) { return queue(call).size(); }
std::uint64_t QueueOperations::maxsize(ServedCall& call) { return queue(call).maxsize(); }
void QueueOperations::close(ServedCall& call) { queue(call).close(); }
bool QueueOperations::is_closed(ServedCall& call) { return queue(call).is_closed(); }
void QueueOperations::task_done(ServedCall& call) { queue(call).task_done(); }
bool QueueOperations::join(ServedCall& call, Patience patience) {
  return queue(call).join(caller(call), deadline_of(patience));
}

}  // namespace brood::manager

#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include <brood/errors.hpp>
#include "base/mutex.hpp"
#include "manager/server/call.hpp"
#include "manager/server/stored.hpp"
#include "manager/stubs.hpp"

namespace brood::manager {
namespace {

class ServedQueue : public std::enable_shared_from_this<ServedQueue> {
 public:
  using Item = std::shared_ptr<const Stored>;
  explicit ServedQueue(std::uint64_t maxsize) : maxsize_(maxsize) {}

  bool put(Item item, Caller& caller, const detail::Deadline& deadline) {
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
  Item get(Caller& caller, const detail::Deadline& deadline) {
    base::MutexLock lock(mutex_);
    const auto ready = [this]() BROOD_REQUIRES(mutex_) { return closed_ || !items_.empty(); };
    if (!filled_.wait_until(mutex_, caller, deadline, ready) || items_.empty()) return nullptr;
    Item item = items_.front();
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
  void put_back(const Item& item) {
    const base::MutexLock lock(mutex_);
    items_.push_front(item);
    filled_.notify_one();
  }

  const std::uint64_t maxsize_;
  mutable base::Mutex mutex_;
  std::deque<Item> items_ BROOD_GUARDED_BY(mutex_);
  std::uint64_t unfinished_ BROOD_GUARDED_BY(mutex_) = 0;
  bool closed_ BROOD_GUARDED_BY(mutex_) = false;
  WaitList room_ BROOD_GUARDED_BY(mutex_);
  WaitList filled_ BROOD_GUARDED_BY(mutex_);
  WaitList done_ BROOD_GUARDED_BY(mutex_);
};

ServedQueue& queue(ServedCall& call) { return call.object<ServedQueue>(); }
Caller& caller(ServedCall& call) { return call.state().caller; }

}  // namespace

void make_queue(ServedCall& call) {
  const auto maxsize = argument<std::uint64_t>(call);
  call.put_new({std::make_shared<ServedQueue>(maxsize), &typeid(ServedQueue), true});
}

void queue_put(ServedCall& call) {
  const detail::Deadline deadline = deadline_argument(call);
  put_result(call, queue(call).put(std::make_shared<Stored>(call), caller(call), deadline));
}
void queue_get(ServedCall& call) {
  const detail::Deadline deadline = deadline_argument(call);
  const ServedQueue::Item item = queue(call).get(caller(call), deadline);
  put_result(call, item != nullptr);
  if (item) item->append_to(call.result());
}
void queue_size(ServedCall& call) { put_result(call, queue(call).size()); }
void queue_maxsize(ServedCall& call) { put_result(call, queue(call).maxsize()); }
void queue_close(ServedCall& call) { queue(call).close(); }
void queue_is_closed(ServedCall& call) { put_result(call, queue(call).is_closed()); }
void queue_task_done(ServedCall& call) { queue(call).task_done(); }
void queue_join(ServedCall& call) {
  const detail::Deadline deadline = deadline_argument(call);
  put_result(call, queue(call).join(caller(call), deadline));
}

}  // namespace brood::manager

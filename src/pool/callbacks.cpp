#include "pool/callbacks.hpp"

#include <utility>

#include "base/log.hpp"
#include "platform/process.hpp"
#include "pool/own_thread.hpp"
#include "wire/exception.hpp"

namespace brood::pool {

Callbacks::~Callbacks() { drain(); }

void Callbacks::post(std::function<void()> callback) {
  {
    const std::lock_guard lock(mutex_);
    if (!running_ && !stopping_) {
      thread_ = start_own_thread("brood-callback", [this] { run(); });
      running_ = true;
    }
    if (running_) queue_.push_back(std::exchange(callback, nullptr));
  }
  changed_.notify_one();
  if (callback) call(callback);  // the thread has ended with its pool
}

// A callback may hold the last handle of the pool, so that the pool's end is reached in this very
// thread: it cannot join itself, and what is left in the queue stays to it.
void Callbacks::drain() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable() && thread_.get_id() != std::this_thread::get_id()) thread_.join();
}

void Callbacks::call(const std::function<void()>& callback) noexcept {
  try {
    callback();
  } catch (...) {
    base::log_error("a callback threw " + wire::describe_exception(std::current_exception()));
  }
}

void Callbacks::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) {
      running_ = false;
      return;
    }
    std::function<void()> callback = std::exchange(queue_.front(), nullptr);
    queue_.pop_front();
    lock.unlock();
    call(callback);
    callback = nullptr;  // what it holds may take its time, or call back here
    lock.lock();
  }
}

}  // namespace brood::pool

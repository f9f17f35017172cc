#include "pool/callbacks.hpp"

#include <utility>

#include "base/log.hpp"
#include "platform/process.hpp"
#include "pool/own_thread.hpp"
#include "wire/exception.hpp"

namespace brood::pool {

namespace {

void call(const std::function<void()>& callback) noexcept {
  try {
    callback();
  } catch (...) {
    base::log_error("a callback threw " + wire::describe_exception(std::current_exception()));
  }
}

}  // namespace

Callbacks::~Callbacks() {
  drain();
  if (thread_.joinable()) thread_.detach();
}

void Callbacks::post(std::function<void()> callback) {
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->running && !state_->stopping) {
      thread_ = start_own_thread("brood-callback", [state = state_] { run(*state); });
      state_->running = true;
    }
    if (state_->running) state_->queue.push_back(std::exchange(callback, nullptr));
  }
  state_->changed.notify_one();
  if (callback) call(callback);  // the thread has ended with its pool
}

// A callback may hold the last handle of the pool, so that the pool's end is reached in this very
// thread: it cannot join itself, and what is left in the queue stays to it.
void Callbacks::drain() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    if (state_->thread == std::this_thread::get_id()) return;
  }
  state_->changed.notify_one();
  const std::lock_guard lock(join_mutex_);
  if (thread_.joinable()) thread_.join();
}

void Callbacks::run(State& state) {
  std::unique_lock lock(state.mutex);
  state.thread = std::this_thread::get_id();
  for (;;) {
    state.changed.wait(lock, [&state] { return state.stopping || !state.queue.empty(); });
    if (state.queue.empty()) {
      state.running = false;
      state.thread = {};  // the system may give the number again
      return;
    }
    std::function<void()> callback = std::exchange(state.queue.front(), nullptr);
    state.queue.pop_front();
    lock.unlock();
    call(callback);
    callback = nullptr;  // what it holds may take its time, or call back here
    lock.lock();
  }
}

}  // namespace brood::pool

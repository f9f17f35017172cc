#include "pool/callbacks.hpp"

#include <chrono>
#include <utility>

#include "base/log.hpp"
#include "platform/copies.hpp"
#include "platform/process.hpp"
#include "pool/own_thread.hpp"
#include "wire/exception.hpp"

namespace brood::pool {

namespace {

/// What goes wrong in the user's code or sinks stays there: without memory to say so, or with a
/// sink that throws, it goes unsaid.
template <class Body>
void guarded(Body body) noexcept {
  try {
    body();
  } catch (...) {
  }
}

void call(const std::function<void()>& callback) noexcept {
  const unsigned generation = platform::fork_generation();
  guarded([&] {
    try {
      callback();
      if (generation != platform::fork_generation()) platform::end_copy();
    } catch (...) {
      if (generation != platform::fork_generation()) platform::end_copy();
      base::log_error("a callback threw " + wire::describe_exception(std::current_exception()));
    }
  });
}

void tell_dropped(const LogQueue::Source& source, std::uint64_t count) {
  if (count == 0) return;
  const std::string whose = source.name().empty() ? "this library" : source.name();
  base::log_warning(std::to_string(count) + " records of " + whose +
                    " were dropped: they came faster than the log takes them");
}

void write(const LogQueue::Line& line) noexcept {
  guarded([&] { tell_dropped(*line.source, line.dropped_before); });
  guarded([&] {
    if (!line.record) return;
    const std::string& worker = line.source->name();
    if (worker.empty()) return base::log_error(line.record->text);
    base::log_from_worker(worker, line.record->level, line.record->logger, line.record->text);
  });
  guarded([&] { tell_dropped(*line.source, line.dropped_after); });
}

}  // namespace

Callbacks::~Callbacks() {
  drain();
  if (thread_.joinable()) thread_.detach();
}

void Callbacks::start_locked() {
  if (state_->running || state_->stopping) return;
  thread_ = start_own_thread("brood-callback", [state = state_] { run(*state); });
  state_->running = true;
}

void Callbacks::start() {
  const std::lock_guard lock(state_->mutex);
  start_locked();
}

void Callbacks::post(Calls calls) noexcept {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->running) state_->calls.splice(state_->calls.end(), calls);
  }
  state_->changed.notify_one();
  for (const Call& left : calls) call(left.run);  // the thread has ended with its pool
}

void Callbacks::post(std::function<void()> callback) {
  Calls calls;
  calls.push_back({std::move(callback), nullptr});
  start();
  post(std::move(calls));
}

void Callbacks::push(const LogQueue::SourceRef& source,
                     const protocol::LogRecord& record) noexcept {
  const std::lock_guard lock(state_->mutex);
  guarded([&] { start_locked(); });
  if (!state_->stopping || state_->running) state_->logs.push(source, record);
  state_->changed.notify_one();
}

void Callbacks::log(const LogQueue::SourceRef& worker, const protocol::LogRecord& record) noexcept {
  push(worker, record);
}

void Callbacks::log_error(const std::string& text) noexcept {
  guarded([&] { push(own_, {0, "", text}); });
}

// A callback may hold the last handle of the pool, so that the pool's end is reached in this very
// thread: it cannot join itself, and what is left in the queue stays to it.
void Callbacks::drain(const detail::Deadline& logs_until) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    state_->logs_until = logs_until;
    if (state_->thread == std::this_thread::get_id()) return;
  }
  state_->changed.notify_one();
  const bool hangs = hangs_in_a_sink(logs_until);
  const std::lock_guard lock(join_mutex_);
  if (hangs) {
    if (thread_.joinable()) thread_.detach();
  } else if (thread_.joinable()) {
    thread_.join();
  } else {
    run(*state_);  // what came when no thread could be started
  }
}

// A callback is the user's, and is waited for.
bool Callbacks::hangs_in_a_sink(const detail::Deadline& logs_until) {
  constexpr std::chrono::seconds patience{1};
  std::unique_lock lock(state_->mutex);
  if (state_->abandoned) return state_->running;
  if (!logs_until) return false;
  while (state_->running && !state_->abandoned) {
    const bool is_late = std::chrono::steady_clock::now() >= *logs_until + patience;
    state_->abandoned = is_late && state_->writing;
    if (state_->abandoned) break;
    // One that is late is in a callback, or between two records.
    const auto next_look = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
    state_->ended.wait_until(lock, is_late ? next_look : *logs_until + patience);
  }
  return state_->abandoned;
}

void Callbacks::run(State& state) noexcept {
  std::unique_lock lock(state.mutex);
  state.thread = std::this_thread::get_id();
  for (;;) {
    state.changed.wait(
        lock, [&state] { return state.stopping || !state.calls.empty() || !state.logs.empty(); });
    if (!state.calls.empty()) {
      Calls one;
      one.splice(one.begin(), state.calls, state.calls.begin());
      lock.unlock();
      call(one.front().run);
      one.clear();  // what it holds may take its time, or call back here
    } else if (!state.logs.empty()) {
      if (state.logs_until && std::chrono::steady_clock::now() >= *state.logs_until)
        state.logs.drop_all();
      LogQueue::Line line = state.logs.pop();
      state.writing = true;
      lock.unlock();
      write(line);
      line = {};
      lock.lock();
      state.writing = false;
      continue;
    } else {
      break;
    }
    lock.lock();
  }
  state.running = false;
  state.thread = {};  // the system may give the number again
  state.ended.notify_all();
}

}  // namespace brood::pool

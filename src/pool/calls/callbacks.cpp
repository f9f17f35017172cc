#include "pool/calls/callbacks.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.hpp"
#include "platform/copies.hpp"
#include "platform/own_thread.hpp"
#include "platform/process.hpp"
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

void Callbacks::call(const std::function<void()>& callback) noexcept {
  const unsigned generation = platform::fork_generation();
  guarded([&] {
    try {
      callback();
      if (generation != platform::fork_generation()) platform::end_copy();
    } catch (...) {
      if (generation != platform::fork_generation()) platform::end_copy();
      wire::log_exception("a callback threw ");
    }
  });
}

Callbacks::~Callbacks() {
  drain();
  if (thread_.joinable()) thread_.detach();
}

void Callbacks::start_locked() {
  if (state_->running || state_->stopping) return;
  thread_ = platform::start_own_thread("brood-callback", [state = state_] { run(*state); });
  state_->running = true;
}

void Callbacks::start() {
  const base::MutexLock lock(state_->mutex);
  start_locked();
}

void Callbacks::post(Calls calls) noexcept {
  {
    const base::MutexLock lock(state_->mutex);
    if (state_->running) state_->calls.splice(state_->calls.end(), calls);
  }
  state_->changed.notify_one();
  for (const auto& left : calls) call(left);  // the thread has ended with its pool
}

void Callbacks::post(std::function<void()> callback) {
  Calls calls;
  calls.push_back(std::move(callback));
  start();
  post(std::move(calls));
}

// The thread is started here, where that can be refused.
void Callbacks::when_finished(const Completion& call, AtEnd& at_end,
                              std::function<void()> callback) {
  auto one = std::make_unique<AtEnd::Due>();
  one->calls.push_back(std::move(callback));
  {
    const base::MutexLock lock(state_->mutex);
    start_locked();
    if (!call.finished()) {
      if (!at_end.due_)
        at_end.due_ = std::move(one);
      else
        at_end.due_->calls.splice(at_end.due_->calls.end(), one->calls);
      return;
    }
  }
  post(std::move(one->calls));
}

void Callbacks::watch(const Completion& call, AtEnd& at_end, EndWatch& watch) {
  const base::MutexLock lock(state_->mutex);
  if (call.finished()) return watch.tell();
  if (!at_end.due_) at_end.due_ = std::make_unique<AtEnd::Due>();
  at_end.due_->watches.splice(at_end.due_->watches.end(), watch.place_);
}

void Callbacks::unwatch(AtEnd& at_end, EndWatch& watch) noexcept {
  const base::MutexLock lock(state_->mutex);
  if (!watch.place_.empty()) return;  // it has been told
  watch.place_.splice(watch.place_.end(), at_end.due_->watches, watch.in_place_);
}

// What a callback holds is the user's and must not be destroyed here, under the core's lock.
// Nothing is allocated: a callback that could not be posted would be one that is waited for in
// vain.
void Callbacks::end(Completion& call, AtEnd& at_end) noexcept {
  std::unique_ptr<AtEnd::Due> due;
  {
    const base::MutexLock lock(state_->mutex);
    call.finish();
    due = std::move(at_end.due_);
    // Under the lock: one that has been taken off the list is told no more, and may be gone.
    while (due && !due->watches.empty()) {
      EndWatch& watch = *due->watches.front();
      watch.place_.splice(watch.place_.end(), due->watches, due->watches.begin());
      watch.tell();
    }
  }
  call.notify_end();
  if (due && !due->calls.empty()) post(std::move(due->calls));
}

void Callbacks::push(const LogQueue::SourceRef& source,
                     const protocol::LogRecord& record) noexcept {
  const base::MutexLock lock(state_->mutex);
  try {
    start_locked();
  } catch (...) {  // no thread for now: the record waits
  }
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
bool Callbacks::drain(const detail::Deadline& logs_until, const detail::Deadline& until) {
  {
    const base::MutexLock lock(state_->mutex);
    state_->stopping = true;
    state_->logs_until = logs_until;
    if (state_->thread == std::this_thread::get_id()) return true;
  }
  state_->changed.notify_one();
  const Wait how = wait(logs_until, until);
  if (how == Wait::in_a_callback) return false;
  const base::MutexLock lock(join_mutex_);
  std::thread thread = take_thread();
  if (!thread.joinable()) {
    if (how == Wait::ended) run(*state_);  // what came when no thread could be started
  } else if (how == Wait::ended) {
    thread.join();
  } else {
    thread.detach();
  }
  return true;
}

std::thread Callbacks::take_thread() {
  const base::MutexLock lock(state_->mutex);
  return std::move(thread_);
}

// A callback is the user's: it is waited for, until the caller's own time is over.
Callbacks::Wait Callbacks::wait(const detail::Deadline& logs_until, const detail::Deadline& until) {
  constexpr std::chrono::seconds patience{1};
  const base::MutexLock lock(state_->mutex);
  const auto has_ended = [this]() BROOD_REQUIRES(state_->mutex) { return !state_->running; };
  while (state_->running) {
    if (state_->abandoned) return Wait::hangs_in_a_sink;
    const auto now = std::chrono::steady_clock::now();
    if (until && now >= *until && state_->calling) return Wait::in_a_callback;
    state_->abandoned = logs_until && now >= *logs_until + patience && state_->writing;
    if (state_->abandoned) return Wait::hangs_in_a_sink;
    // What is late is in a callback, in a sink, or between two of them.
    auto next_look = now + std::chrono::milliseconds(100);
    if (logs_until) next_look = std::max(next_look, *logs_until + patience);
    if (until)
      next_look = std::min(next_look, std::max(*until, now + std::chrono::milliseconds(10)));
    if (logs_until || until) {
      state_->ended.wait_until(state_->mutex, next_look, has_ended);
    } else {
      state_->ended.wait(state_->mutex, has_ended);
    }
  }
  return Wait::ended;
}

void Callbacks::run(State& state) noexcept {
  base::MutexLock lock(state.mutex);
  state.thread = std::this_thread::get_id();
  for (;;) {
    state.changed.wait(state.mutex, [&state]() BROOD_REQUIRES(state.mutex) {
      return state.stopping || !state.calls.empty() || !state.logs.empty();
    });
    if (!state.calls.empty()) {
      Calls one;
      one.splice(one.begin(), state.calls, state.calls.begin());
      state.calling = true;
      lock.unlock();
      call(one.front());
      one.clear();  // what it holds may take its time, or call back here
      lock.lock();
      state.calling = false;
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
    } else {
      break;
    }
  }
  state.running = false;
  state.thread = {};  // the system may give the number again
  state.ended.notify_all();
}

}  // namespace brood::pool

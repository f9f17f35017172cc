#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>

#include <brood/detail/pool/job.hpp>
#include "base/mutex.hpp"
#include "pool/calls/completion.hpp"
#include "pool/calls/log_queue.hpp"

namespace brood::pool {

/// Is told that a call has ended, and then or before is taken off the call's list. Threads: see its
/// members.
class EndWatch {
 public:
  EndWatch() = default;
  EndWatch(const EndWatch&) = delete;
  EndWatch& operator=(const EndWatch&) = delete;
  /// The call has ended; its end may still be on its way to threads that sleep on it. Under the
  /// lock of Callbacks, and mostly the core's: it does not wait, and runs nothing of the user's.
  virtual void tell() noexcept = 0;

 protected:
  ~EndWatch() = default;

 private:
  friend class Callbacks;
  using Places = std::list<EndWatch*>;
  // Its place in the call's list is kept here while it is not there: to move it takes no memory.
  // Under the lock of Callbacks. clang cannot be told: a watch does not know which Callbacks it is
  // in, so it has no name for that lock.
  Places place_{this};
  const Places::iterator in_place_ = place_.begin();
};

/// Runs the user's callbacks, one at a time and in order, in a thread of their own that starts with
/// the first, and passes log records on between them: a callback waits for one record at most.
/// Threads: any.
class Callbacks {
 public:
  using Calls = std::list<std::function<void()>>;
  /// What is to run, and what is to be told, when one call has ended. Under the lock of the pool's
  /// Callbacks: with one of its own it would take many times the memory.
  class AtEnd {
    friend class Callbacks;
    struct Due {
      Calls calls;
      EndWatch::Places watches;
    };
    std::unique_ptr<Due> due_;  // null: nothing. clang cannot follow: as EndWatch::place_
  };

  /// Runs one in this thread: what it throws is logged.
  static void call(const std::function<void()>& callback) noexcept;
  /// Runs what has been posted, then ends the thread; where it is called in that thread, the thread
  /// does so by itself, after the callback that it is in.
  ~Callbacks();
  /// Starts the thread, after which posting calls cannot fail. Throws SystemError.
  void start();
  /// After drain() they run in the calling thread. start() has been called.
  void post(Calls calls) noexcept;
  /// The same, and starts the thread. Throws SystemError, std::bad_alloc.
  void post(std::function<void()> callback);
  /// Runs `callback` when the call has ended; soon, when that is so already. Throws as post().
  void when_finished(const Completion& call, AtEnd& at_end, std::function<void()> callback);
  /// Tells `watch` when the call has ended; at once, when that is so already. Throws
  /// std::bad_alloc.
  void watch(const Completion& call, AtEnd& at_end, EndWatch& watch);
  /// From now on it is not told.
  void unwatch(AtEnd& at_end, EndWatch& watch) noexcept;
  /// The call ends: what watches it is told, and what is to run then is posted. Nothing of that
  /// runs here, or is destroyed.
  void end(Completion& call, AtEnd& at_end) noexcept;
  /// What a worker has logged: it is dropped and counted where there is no room (LogQueue) or no
  /// thread.
  void log(const LogQueue::SourceRef& worker, const protocol::LogRecord& record) noexcept;
  /// An error of the library's own for the log, whose sinks are the user's.
  void log_error(const std::string& text) noexcept;
  /// Waits until what has been posted has run; in the thread itself it does not wait. Log records
  /// that are left at `logs_until` are dropped and counted; a sink that hangs then (in a pipe whose
  /// reader has stopped, say) is left with the thread a second later. False at `until` where a
  /// callback runs: the thread goes on, and may be waited for again.
  bool drain(const detail::Deadline& logs_until = std::nullopt,
             const detail::Deadline& until = std::nullopt);

 private:
  struct State {
    base::Mutex mutex;
    base::ConditionVariable changed;
    Calls calls BROOD_GUARDED_BY(mutex);
    LogQueue logs BROOD_GUARDED_BY(mutex);
    bool stopping BROOD_GUARDED_BY(mutex) = false;
    bool running BROOD_GUARDED_BY(mutex) = false;    // the thread looks at the queues
    bool calling BROOD_GUARDED_BY(mutex) = false;    // it is in a callback
    bool writing BROOD_GUARDED_BY(mutex) = false;    // it is in a sink of the log
    bool abandoned BROOD_GUARDED_BY(mutex) = false;  // while it hung there
    base::ConditionVariable ended;
    detail::Deadline logs_until BROOD_GUARDED_BY(mutex);
    std::thread::id thread BROOD_GUARDED_BY(mutex);
  };
  static void run(State& state) noexcept;
  enum class Wait : std::uint8_t { ended, hangs_in_a_sink, in_a_callback };
  Wait wait(const detail::Deadline& logs_until, const detail::Deadline& until);
  std::thread take_thread();
  void start_locked() BROOD_REQUIRES(state_->mutex);
  void push(const LogQueue::SourceRef& source, const protocol::LogRecord& record) noexcept;
  const std::shared_ptr<State> state_ = std::make_shared<State>();  // the thread may outlive us
  const LogQueue::SourceRef own_ = std::make_shared<LogQueue::Source>("");
  base::Mutex join_mutex_;  // for one to wait for the thread's end; others wait for that
  std::thread thread_ BROOD_GUARDED_BY(state_->mutex);
};

}  // namespace brood::pool

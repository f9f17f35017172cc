#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace brood::pool {

/// Runs the user's callbacks, one at a time and in order, in a thread of their own that starts with
/// the first. Threads: any.
class Callbacks {
 public:
  /// Runs what has been posted, then ends the thread; where it is called in that thread, the thread
  /// does so by itself, after the callback that it is in.
  ~Callbacks();
  /// After drain() it runs in the calling thread.
  void post(std::function<void()> callback);
  /// Waits until what has been posted has run; in the thread itself it does not wait.
  void drain();

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::function<void()>> queue;  // guarded by mutex
    bool stopping = false;                    // likewise
    bool running = false;                     // the thread looks at the queue; likewise
    std::thread::id thread;                   // likewise
  };
  static void run(State& state);
  const std::shared_ptr<State> state_ = std::make_shared<State>();  // the thread may outlive us
  std::mutex join_mutex_;
  std::thread thread_;  // guarded by the state's mutex until it is stopping, then by join_mutex_
};

}  // namespace brood::pool

#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace brood::pool {

/// Runs the user's callbacks, one at a time and in order, in a thread of their own that starts with
/// the first. Threads: any.
class Callbacks {
 public:
  Callbacks() = default;
  /// Runs what has been posted, then ends the thread.
  ~Callbacks();
  /// After drain() it runs in the calling thread.
  void post(std::function<void()> callback);
  void drain();

 private:
  void run();
  static void call(const std::function<void()>& callback) noexcept;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;  // guarded by mutex_
  bool stopping_ = false;                    // guarded by mutex_
  bool running_ = false;                     // the thread looks at the queue; guarded by mutex_
  std::thread thread_;                       // guarded by mutex_ until drain()
};

}  // namespace brood::pool

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
  void post(std::function<void()> callback);
  void drain();

 private:
  void run();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;  // guarded by mutex_
  bool stopping_ = false;                    // guarded by mutex_
  std::thread thread_;                       // guarded by mutex_ until drain()
};

}  // namespace brood::pool

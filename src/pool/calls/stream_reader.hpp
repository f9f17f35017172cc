#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace brood::pool {

/// The thread that reads a stream's results and brings its input: the one that has asked last.
/// Threads: what is not atomic is guarded by the core's lock.
class StreamReader {
 public:
  /// Threads: any, without the lock. True for the calling thread stays so until another one asks.
  bool is_this_thread() const noexcept;
  void become_this_thread();
  /// Whether the reader waits for the caller: it is the caller itself, or has ended.
  bool cannot_go_on() const noexcept { return is_this_thread() || life_.expired(); }

 private:
  std::atomic<std::uint64_t> id_{0};  // never that of another thread, unlike std::thread::id
  std::weak_ptr<const char> life_;    // ends with the thread
};

}  // namespace brood::pool

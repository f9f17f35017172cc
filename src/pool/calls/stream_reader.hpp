#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include "pool/base/core_lock.hpp"

namespace brood::pool {

/// The thread that reads a stream's results and brings its input: the one that has asked last.
/// Threads: under the core's lock, unless a function says otherwise.
class StreamReader {
 public:
  /// Threads: any, without the lock. True for the calling thread stays so until another one asks.
  bool is_this_thread() const noexcept;
  void become_this_thread() BROOD_REQUIRES(core_lock);
  /// Whether the reader waits for the caller: it is the caller itself, or has ended.
  bool cannot_go_on() const noexcept BROOD_REQUIRES(core_lock) {
    return is_this_thread() || life_.expired();
  }

 private:
  std::atomic<std::uint64_t> id_{0};  // never that of another thread, unlike std::thread::id
  std::weak_ptr<const char> life_ BROOD_GUARDED_BY(core_lock);  // ends with the thread
};

}  // namespace brood::pool

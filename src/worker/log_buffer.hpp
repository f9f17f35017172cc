#pragma once

#include <atomic>
#include <utility>

#include <brood/detail/bytes.hpp>
#include "base/mutex.hpp"
#include "protocol/messages.hpp"

namespace brood::worker {

/// Log records, as frames, that wait until the thread that serves sends them. Threads: any.
class LogBuffer {
 public:
  void put(const protocol::LogRecord& record) {
    const base::MutexLock lock(mutex_);
    protocol::encode_log(frames_, record);
    has_some_.store(true, std::memory_order_relaxed);
  }
  bool has_some() const noexcept { return has_some_.load(std::memory_order_relaxed); }
  detail::Bytes take() {
    const base::MutexLock lock(mutex_);
    has_some_.store(false, std::memory_order_relaxed);
    return std::exchange(frames_, detail::Bytes());
  }

 private:
  base::Mutex mutex_;
  detail::Bytes frames_ BROOD_GUARDED_BY(mutex_);
  std::atomic<bool> has_some_{false};
};

}  // namespace brood::worker

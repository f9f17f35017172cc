#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "base/mutex.hpp"
#include "platform/descriptor.hpp"

// What a server and a gateway have in common: they hold the far ends of leases.
namespace brood::manager {

/// Descriptors that something may happen at, each under a number.
/// Threads: any may add and remove, one serves.
class WatchList {
 public:
  /// Errors say that they were for `what`. Throws SystemError.
  explicit WatchList(const char* what);
  /// Throws SystemError.
  void add(int descriptor, std::uint64_t id);
  void remove(int descriptor) noexcept;
  /// Calls `serve_one` with the number of each at which something has happened, until it says
  /// false; what was seen together is served together. What it throws means that it is called
  /// again. Blocks.
  void serve(const std::function<bool(std::uint64_t)>& serve_one);
  /// Blocks while it is behind with that: for one round, and for `most` at most.
  void wait_while_behind(std::chrono::milliseconds most);

 private:
  const char* what_;
  platform::Descriptor events_;  // epoll
  base::Mutex mutex_;
  base::ConditionVariable round_ended_;
  std::uint64_t rounds_ BROOD_GUARDED_BY(mutex_) = 0;
};

/// Calls `open` with each connection that came over a lease, some of them at a time, and with the
/// number of the process that wants it, never 0; what is no connection is closed. False when no
/// process holds the lease any more.
bool take_connections(int lease,
                      const std::function<void(platform::Descriptor, std::uint64_t)>& open);

}  // namespace brood::manager

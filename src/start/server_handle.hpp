#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

#include "platform/descriptor.hpp"
#include "platform/process.hpp"

namespace brood::start {

/// A server as its owner holds it: a child that ends once its sockets are closed, and is reaped
/// here.
class ServerHandle {
 public:
  ServerHandle(pid_t pid, platform::Descriptor pidfd)
      : pid_(pid), pidfd_(std::move(pidfd)), generation_(platform::fork_generation()) {}
  /// From the pid of a child that was just made. Throws SystemError, and the child is gone then.
  static ServerHandle adopt(pid_t pid);
  ServerHandle(ServerHandle&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)),
        pidfd_(std::move(other.pidfd_)),
        generation_(other.generation_) {}
  ServerHandle& operator=(ServerHandle&&) = delete;
  /// Waits for its end, two seconds at most, then kills it. In a forked copy of the owner: nothing.
  ~ServerHandle();

  /// False in a forked copy of the process that made it.
  bool is_ours() const noexcept { return generation_ == platform::fork_generation(); }
  bool ended(int timeout_ms = 0) const noexcept {
    return platform::wait_for_exit(pidfd_, timeout_ms);
  }
  /// Waits a moment for its end and says how that was.
  std::string describe_end();
  pid_t pid() const noexcept { return pid_; }

 private:
  pid_t pid_;
  platform::Descriptor pidfd_;
  unsigned generation_;
  std::string end_;
};

}  // namespace brood::start

#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <utility>

#include <brood/errors.hpp>
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
  /// Waits for its end, two seconds at most, then kills it; one that is stopped is continued first.
  /// In a forked copy of the owner: nothing.
  ~ServerHandle();

  /// False in a forked copy of the process that made it.
  bool is_ours() const noexcept { return generation_ == platform::fork_generation(); }
  bool ended(int timeout_ms = 0) const noexcept {
    return platform::wait_for_exit(pidfd_, timeout_ms);
  }
  /// Waits a moment for its end and says how that was.
  std::string describe_end();
  pid_t pid() const noexcept { return pid_; }
  /// By SIGSTOP, say.
  bool is_stopped() const noexcept { return pid_ > 0 && platform::is_stopped(pid_); }
  /// Lets one that is stopped go on: SIGCONT.
  void resume() const noexcept;

 private:
  pid_t pid_;
  platform::Descriptor pidfd_;
  unsigned generation_;
  std::string end_;
};

/// What is thrown when a server that runs has not answered within `limit`.
StartError late_answer(const std::string& method, const ServerHandle& server,
                       std::chrono::nanoseconds limit);

}  // namespace brood::start

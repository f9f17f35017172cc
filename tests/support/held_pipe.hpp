#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "support/processes.hpp"

// The kernel's lock of a pipe, kept: splice(2) from a socket in which nothing comes waits with it.
namespace brood::testing {

/// Threads that keep the lock of what has the number `to`, if it is a pipe that can be written to,
/// until this process ends: one waits with it, and others wait for it.
class LockKeepers {
 public:
  explicit LockKeepers(int to, int threads = 1) {
    std::array<int, 2> silent{-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, silent.data()) != 0)
      throw std::runtime_error("no sockets");
    more_ = silent[1];
    for (int i = 0; i < threads; ++i) keep(silent[0], to);
  }
  /// Moves a byte into the pipe: its reader is woken, and waits for the next keeper.
  void write_one() const {
    if (::write(more_, "x", 1) != 1) throw std::runtime_error("no byte");
  }

 private:
  struct Keeper {
    std::atomic<pid_t> thread{0};
    std::atomic<bool> refused{false};
  };
  // Returns when it has the lock, waits for it, or was refused.
  static void keep(int from, int to) {
    const auto keeper = std::make_shared<Keeper>();
    std::thread([keeper, from, to] {
      keeper->thread = ::gettid();
      while (::splice(from, nullptr, to, nullptr, 1, 0) > 0) {
      }
      keeper->refused = true;
    }).detach();
    const auto waits = [&keeper] {
      const std::string state = status_field(keeper->thread, "State").substr(0, 1);
      return state == "S" || state == "D";
    };
    while (!keeper->refused && (keeper->thread == 0 || !waits())) ::sched_yield();
  }

  int more_ = -1;
};

/// The read end of a pipe whose lock this process keeps.
inline int held_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const LockKeepers keepers(ends[1]);
  return ends[0];
}

}  // namespace brood::testing

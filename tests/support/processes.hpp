#pragma once

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "support/events.hpp"
#include "support/leak_check.hpp"

// Looking at other processes, through descriptors that name them for ever.
namespace brood::testing {

/// Text after "Name:" in /proc/<pid>/status.
inline std::string status_field(int pid, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
  }
  return {};
}
inline int parent_of(int pid) { return std::atoi(status_field(pid, "PPid").c_str()); }
/// Resident memory in bytes.
inline std::size_t resident_of(int pid) {
  return std::strtoull(status_field(pid, "VmRSS").c_str(), nullptr, 10) * 1024;
}

/// Every process below `pid`.
inline std::vector<int> descendants_of(int pid) {
  std::vector<int> all = children_of(std::to_string(pid));
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::vector<int> more = children_of(std::to_string(all[i]));
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

/// A process that exists now, as a descriptor: its end is an event.
class Watched {
 public:
  explicit Watched(int pid)
      : pid_(pid), file_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
  Watched(Watched&& other) noexcept : pid_(other.pid_), file_(std::exchange(other.file_, -1)) {}
  Watched& operator=(Watched&&) = delete;
  ~Watched() {
    if (file_ >= 0) ::close(file_);
  }
  int pid() const { return pid_; }
  void signal(int number) const { ::syscall(SYS_pidfd_send_signal, file_, number, nullptr, 0); }
  /// Whether it ends before the time is over.
  bool ends_within(std::chrono::milliseconds time) const {
    if (file_ < 0) return true;  // it was gone before we could look
    pollfd ended{file_, POLLIN, 0};
    return ::poll(&ended, 1, static_cast<int>(time.count())) == 1;
  }

 private:
  int pid_;
  int file_;
};

inline std::vector<Watched> watch(const std::vector<int>& pids) {
  std::vector<Watched> watched;
  for (const int pid : pids) watched.emplace_back(pid);
  return watched;
}

/// The processes that are still there after `time`.
inline std::vector<int> left_after(const std::vector<Watched>& watched,
                                   std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  std::vector<int> left;
  for (const Watched& process : watched) {
    const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    if (!process.ends_within(std::max(rest, std::chrono::milliseconds(0))))
      left.push_back(process.pid());
  }
  return left;
}

/// Reaps a child if it has ended.
/// Waits for a child of this process: its exit code, or the signal that ended it, below 0.
inline int end_of(int pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

inline void reap(int pid) { ::waitpid(pid, nullptr, WNOHANG); }

}  // namespace brood::testing

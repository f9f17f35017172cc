#include "start/server_handle.hpp"

#include <csignal>

#include "start/exec.hpp"

namespace brood::start {
namespace {

// The server gives its children a second to be reaped.
constexpr int patience_ms = 2000;

}  // namespace

ServerHandle ServerHandle::adopt(pid_t pid) {
  try {
    return ServerHandle(pid, platform::open_pidfd(pid));
  } catch (...) {
    discard_child(pid);
    throw;
  }
}

ServerHandle::~ServerHandle() {
  if (pid_ < 0) return;
  if (!is_ours()) {
    static_cast<void>(pidfd_.release());  // the number may be something else's by now
    return;
  }
  resume();
  if (!ended(patience_ms)) discard_child(pid_);
  platform::reap(pid_);
}

void ServerHandle::resume() const noexcept {
  if (is_ours() && !ended()) platform::signal_child(pidfd_, pid_, SIGCONT);
}

StartError late_answer(const std::string& method, const ServerHandle& server,
                       std::chrono::nanoseconds limit) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(limit).count();
  std::string text = "the process that forks workers (pid " + std::to_string(server.pid()) + ")";
  text += server.is_stopped() ? " is stopped: it" : "";
  return {method, "launch", text + " has not answered within " + std::to_string(ms) + " ms"};
}

std::string ServerHandle::describe_end() {
  if (!end_.empty()) return end_;
  if (!ended(1000)) return "it still runs, but has closed its socket";
  end_ = platform::reap(std::exchange(pid_, -1)).value_or(platform::Ended{}).status.describe();
  return end_;
}

}  // namespace brood::start

#include <stdio_ext.h>
#include <unistd.h>
#include <atomic>
#include <cstdio>
#include <iostream>
#include <string>

#include "base/log.hpp"
#include "platform/process.hpp"
#include "start/methods.hpp"
#include "start/server_client.hpp"
#include "start/server_handle.hpp"
#include "start/server_process.hpp"

namespace brood::start {
namespace {

void log_fork_warning(const std::string& text) { base::log_warning(text); }
constinit std::atomic<ForkWarning> fork_warning{log_fork_warning};

int other_threads() noexcept { return platform::count_threads() - platform::own_threads() - 1; }

void warn_about_threads(int others) {
  if (others <= 0) return;
  fork_warning.load()(
      "start method \"fork\" copies this process while " + std::to_string(others) +
      (others == 1 ? " other thread runs" : " other threads run") +
      ": a lock that one of them holds at this moment stays locked in every worker, "
      "for ever. Make the pool before the threads, or use \"forkserver\" or \"spawn\"");
}

/// Else the worker's copy of the buffer would be printed a second time.
void flush_streams(int others) {
  std::cout.flush();
  std::clog.flush();
  // fflush(3) of everything locks every stream, also one on which another thread waits for input.
  std::fflush(others > 0 ? stdout : nullptr);
}

[[noreturn]] void become_snapshot(int connection, int owner) noexcept {
  __fpurge(stdout);  // what another thread has put there since the flush is the parent's to print
  snapshot_main(connection, owner);
}

/// Workers are forked from an image of this process taken when the pool was made.
class ForkMethod final : public Method {
 public:
  ForkMethod(ServerHandle snapshot, platform::Descriptor socket)
      : snapshot_(std::move(snapshot)), client_(std::move(socket)) {}
  ~ForkMethod() override {
    if (snapshot_.is_ours()) {
      client_.close();  // the snapshot ends with its only connection; its handle waits for that
    } else {
      client_.forget();
    }
  }
  std::string name() const override { return "fork"; }
  StartedProcess start(const std::string& process_name, const Handover& descriptors) override {
    if (std::optional<StartedProcess> started =
            client_.start(name(), process_name, descriptors, WorkingDirectory::of_server)) {
      return std::move(*started);
    }
    // It cannot be taken again: this process is not what it was.
    throw StartError(name(), "launch",
                     "the pool's snapshot process has ended: " + snapshot_.describe_end());
  }
  platform::Ended collect(pid_t pid) override { return client_.collect(pid); }

 private:
  ServerHandle snapshot_;
  ServerClient client_;
};

}  // namespace

ForkWarning set_fork_warning(ForkWarning handler) noexcept {
  return fork_warning.exchange(handler);
}

std::unique_ptr<Method> open_fork() {
  const int others = other_threads();
  warn_about_threads(others);
  platform::SocketPair connection = platform::make_socket_pair();
  const platform::Descriptor owner = platform::open_pidfd(::getpid());
  flush_streams(others);
  const pid_t pid = platform::fork_process();
  if (pid == 0) become_snapshot(connection.theirs.get(), owner.get());
  return std::make_unique<ForkMethod>(ServerHandle::adopt(pid), std::move(connection.ours));
}

}  // namespace brood::start

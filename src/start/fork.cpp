#include <sched.h>
#include <unistd.h>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "platform/process.hpp"
#include "start/before_fork.hpp"
#include "start/exec.hpp"
#include "start/methods.hpp"
#include "start/server_child.hpp"
#include "start/server_client.hpp"
#include "start/server_handle.hpp"
#include "start/server_process.hpp"

namespace brood::start {
namespace {

[[noreturn]] void become_snapshot(int connection, int owner) noexcept {
  ::sched_yield();  // to the first worker: somebody waits for that one
  drop_unflushed();
  snapshot_main(connection, owner);
}

/// Workers are forked from an image of this process, which is taken when the first one is started.
class ForkMethod final : public Method {
 public:
  explicit ForkMethod(int other_threads) : other_threads_(other_threads) {}
  ~ForkMethod() override {
    if (!snapshot_) return;
    if (snapshot_->is_ours()) {
      client_.close();  // the snapshot ends with its only connection; its handle waits for that
    } else {
      client_.forget();
    }
  }
  std::string name() const override { return "fork"; }
  StartedProcess start(const std::string& process_name, const Handover& descriptors) override;
  void prepare() override {
    if (snapshot_) return;
    flush_streams(other_threads_);
    take_snapshot();
  }
  platform::Ended collect(pid_t pid) override {
    return first_.contains(pid) ? first_.collect(pid) : client_.collect(pid);
  }

 private:
  void take_snapshot();
  StartedProcess start_beside_snapshot(const std::string& process_name,
                                       const Handover& descriptors);

  const int other_threads_;               // when the pool was made
  std::optional<ServerHandle> snapshot_;  // goes after its connection
  ServerClient client_;
  OwnChildren first_;  // the worker that was forked here, if one was
};

StartedProcess ForkMethod::start(const std::string& process_name, const Handover& descriptors) {
  if (!snapshot_) {
    flush_streams(other_threads_);
    if (platform::count_threads() == 1 && platform::children_wait_to_be_reaped())
      return start_beside_snapshot(process_name, descriptors);
    take_snapshot();
  }
  if (std::optional<StartedProcess> started =
          client_.start(name(), process_name, descriptors, WorkingDirectory::of_server)) {
    return std::move(*started);
  }
  // It cannot be taken again: this process is not what it was.
  throw StartError(name(), "launch",
                   "the pool's snapshot process has ended: " + snapshot_->describe_end());
}

void ForkMethod::take_snapshot() {
  platform::SocketPair connection = platform::make_socket_pair();
  const platform::Descriptor owner = platform::open_pidfd(::getpid());
  const pid_t pid = platform::fork_process();
  if (pid == 0) become_snapshot(connection.theirs.get(), owner.get());
  snapshot_.emplace(ServerHandle::adopt(pid));
  client_ = ServerClient(std::move(connection.ours));
}

/// The snapshot is forked while the worker starts: nobody waits for two forks, one behind the
/// other. No other thread runs, and no handler of a signal: what both see is the same.
StartedProcess ForkMethod::start_beside_snapshot(const std::string& process_name,
                                                 const Handover& descriptors) {
  const platform::BlockedSignals blocked;
  const pid_t pid = platform::fork_process();
  if (pid == 0) become_worker(process_name.c_str(), descriptors, -1, -1, -1);
  first_.add(pid, Birth::forked);
  try {
    StartedProcess started{pid, platform::open_pidfd(pid)};
    take_snapshot();
    return started;
  } catch (...) {
    first_.discard(pid);
    throw;
  }
}

}  // namespace

std::unique_ptr<Method> open_fork() {
  const int others = other_threads();
  warn_about_threads(others);
  return std::make_unique<ForkMethod>(others);
}

}  // namespace brood::start

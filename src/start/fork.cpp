#include <sched.h>
#include <unistd.h>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/streams.hpp"
#include "platform/process.hpp"
#include "start/before_fork.hpp"
#include "start/exec.hpp"
#include "start/methods.hpp"
#include "start/served_method.hpp"
#include "start/server_child.hpp"
#include "start/server_handle.hpp"
#include "start/server_process.hpp"

namespace brood::start {
namespace {

[[noreturn]] void become_snapshot(int connection, int owner) noexcept {
  ::sched_yield();  // to the first worker: a caller waits for that one
  base::drop_unflushed();
  snapshot_main(connection, owner);
}

/// Workers are forked from an image of this process, which is taken when the first one is started.
class ForkMethod final : public ServedMethod {
 public:
  explicit ForkMethod(int other_threads)
      : ServedMethod(WorkingDirectory::of_server), other_threads_(other_threads) {}
  ~ForkMethod() override {
    if (!snapshot_) return;
    if (snapshot_->is_ours()) {
      client_.close();  // the snapshot ends with its only connection; its handle waits for that
    } else {
      client_.forget();
    }
  }
  std::string name() const override { return "fork"; }
  PendingStart ask(const std::string& process_name, const WorkerDescriptors& descriptors) override;
  StartError late(std::chrono::nanoseconds limit) const override {
    return snapshot_ ? late_answer(name(), *snapshot_, limit) : Method::late(limit);
  }
  void resume_server() const noexcept override {
    if (snapshot_) snapshot_->resume();
  }
  void prepare() override {
    if (snapshot_) return;
    flush_streams(other_threads_);
    take_snapshot();
  }
  std::optional<platform::Ended> ended(pid_t pid) override {
    return first_.contains(pid) ? first_.collect(pid) : ServedMethod::ended(pid);
  }
  Signal signal(pid_t pid, const platform::Descriptor& pidfd, int signal) noexcept override {
    return first_.contains(pid) ? Method::signal(pid, pidfd, signal)
                                : ServedMethod::signal(pid, pidfd, signal);
  }

 private:
  // It cannot be taken again: this process is not what it was.
  void reconnect() override { throw lost_twice(); }
  StartError lost_twice() override {
    return {name(), "launch",
            "the pool's snapshot process has ended: " + snapshot_->describe_end()};
  }
  void take_snapshot();
  StartedProcess start_beside_snapshot(const std::string& process_name,
                                       const WorkerDescriptors& descriptors);

  const int other_threads_;               // when the pool was made
  std::optional<ServerHandle> snapshot_;  // goes after its connection, which is closed by then
  OwnChildren first_;                     // the worker that was forked here, if one was
};

PendingStart ForkMethod::ask(const std::string& process_name,
                             const WorkerDescriptors& descriptors) {
  if (!snapshot_) {
    flush_streams(other_threads_);
    if (platform::count_threads() == 1 && platform::children_wait_to_be_reaped())
      return {0, start_beside_snapshot(process_name, descriptors)};
    take_snapshot();
  }
  return ServedMethod::ask(process_name, descriptors);
}

void ForkMethod::take_snapshot() {
  platform::SocketPair connection = platform::make_socket_pair();
  const platform::Descriptor owner = platform::open_pidfd(::getpid());
  const pid_t pid = platform::fork_process();
  if (pid == 0) become_snapshot(connection.theirs.get(), owner.get());
  snapshot_.emplace(ServerHandle::adopt(pid));
  client_ = ServerClient(std::move(connection.ours));
}

/// The snapshot is forked while the worker starts: no caller waits for two forks, one behind
/// the other. No other thread runs, and no handler of a signal: what both see is the same.
StartedProcess ForkMethod::start_beside_snapshot(const std::string& process_name,
                                                 const WorkerDescriptors& descriptors) {
  const platform::BlockedSignals blocked;
  const pid_t pid = platform::fork_process();
  if (pid == 0) become_worker(process_name.c_str(), descriptors, -1, -1, -1);
  first_.add(pid, HowMade::forked);
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

#include "process/child_handle.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <span>
#include <utility>

#include "base/log.hpp"
#include "platform/pipe.hpp"
#include "platform/process.hpp"
#include "platform/socket.hpp"
#include "process/child.hpp"
#include "process/setup.hpp"
#include "start/before_fork.hpp"
#include "start/exec.hpp"
#include "transfer/descriptor_channel.hpp"
#include "wire/code_ref.hpp"

namespace brood::process {
namespace {

class ForkedChild final : public ChildHandle {
 public:
  explicit ForkedChild(platform::Descriptor report) : ChildHandle(std::move(report)) {}
  void watch(pid_t pid) {
    children_.add(pid, start::HowMade::forked);
    process_.pid = pid;
    process_.pidfd = platform::open_pidfd(pid);
  }
  start::Signal signal(const platform::Descriptor& pidfd, int signal) noexcept override {
    return start::signal_own_child(pid(), pidfd, signal);
  }

 protected:
  ExitStatus ask_system() override { return children_.collect(pid()).status; }

 private:
  start::OwnChildren children_;
};

class StartedChild final : public ChildHandle {
 public:
  StartedChild(std::unique_ptr<start::Method> method, platform::Descriptor report)
      : ChildHandle(std::move(report)), method_(std::move(method)) {}
  void start(const std::string& name, const start::WorkerDescriptors& given) {
    process_ = method_->start(name, given);
  }
  start::Signal signal(const platform::Descriptor& pidfd, int signal) noexcept override {
    return method_->signal(pid(), pidfd, signal);
  }

 protected:
  ExitStatus ask_system() override { return method_->collect(pid()).status; }

 private:
  std::unique_ptr<start::Method> method_;
};

platform::Pipe make_report() {
  platform::Pipe report = platform::make_socket_pipe();
  report.read.set_foreign();  // the child may leave descriptors in it
  return report;
}

/// A child that has ended already tells so by its exit status.
void send_call(int pipe, transfer::DescriptorChannel& descriptor_channel,
               const base::Identity& identity, const detail::Bytes& call) {
  if (!descriptor_channel.send_all(0, call.attached())) return;
  detail::Bytes first;
  encode_setup(first, {{wire::program_build_id(), identity, get_start_method(), base::log_level()},
                       call.size()});
  if (platform::send_all(pipe, first.view())) platform::send_all(pipe, call.view());
}

}  // namespace

ExitStatus ChildHandle::collect() {
  const ExitStatus known = ask_system();
  if (known.kind != ExitStatus::Kind::lost) return known;
  std::int32_t code = 0;
  // Never waits: some process that the child has forked may hold the other end.
  const platform::Transfer told =
      platform::receive_some(report_.get(), std::as_writable_bytes(std::span(&code, 1)));
  if (told.state != platform::Transfer::State::moved || told.count != sizeof code) return known;
  return {ExitStatus::Kind::exited, code, false};
}

std::unique_ptr<ChildHandle> fork_child(std::unique_ptr<detail::ProcessTarget>& target,
                                        const base::Identity& identity) {
  start::require_starts_allowed();
  const int others = start::other_threads();
  static std::atomic<bool> warned{false};
  if (others > 0 && !warned.exchange(true)) start::warn_about_threads(others);
  platform::Pipe report = make_report();
  const platform::Descriptor owner = platform::open_pidfd(::getpid());
  // Without a start gate a child that needs no reaping, or that another thread reaps, could be
  // gone before it has a pidfd, and its pid another's.
  platform::Pipe start_gate;
  if (others > 0 || !platform::children_wait_to_be_reaped()) start_gate = platform::make_pipe();
  auto child = std::make_unique<ForkedChild>(std::move(report.read));
  start::flush_streams(others);
  const pid_t pid = platform::fork_process();
  if (pid == 0) {
    start_gate.write.reset();
    run_forked({report.write.get(), owner.get(), start_gate.read.get()}, identity,
               std::move(target));
  }
  report.write.reset();  // leaves a number to watch with: the child runs already
  child->watch(pid);
  constexpr std::byte go{1};
  if (start_gate.write) platform::write_all(start_gate.write.get(), {&go, 1});
  return child;
}

std::unique_ptr<ChildHandle> start_child(const StartMethod& method, const detail::Bytes& call,
                                         const base::Identity& identity) {
  start::require_starts_allowed();
  platform::Pipe setup = platform::make_socket_pipe();
  platform::Pipe report = make_report();
  platform::SocketPair sockets = platform::make_socket_pair();
  transfer::DescriptorChannel descriptor_channel(std::move(sockets.ours));
  const platform::Descriptor owner = platform::open_pidfd(::getpid());
  auto child = std::make_unique<StartedChild>(start::open_method(method), std::move(report.read));
  child->start(identity.name,
               {{report.write.get(), setup.read.get(), owner.get(), sockets.theirs.get()},
                start::Role::process});
  setup.read.reset();  // else the end of the child would go unseen
  sockets.theirs.reset();
  send_call(setup.write.get(), descriptor_channel, identity, call);
  return child;
}

}  // namespace brood::process

#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>

#include <brood/detail/bytes.hpp>
#include <brood/detail/process/target.hpp>
#include <brood/errors.hpp>
#include <brood/launcher.hpp>
#include "base/identity.hpp"
#include "platform/descriptor.hpp"
#include "start/method.hpp"

namespace brood::process {

/// A child as its owner has it: how it was made decides which process learns how it ends.
/// Threads: one at a time.
class ChildHandle {
 public:
  /// Kills and reaps what still runs; nothing in a forked copy of the owner.
  virtual ~ChildHandle() = default;
  pid_t pid() const noexcept { return process_.pid; }
  /// To be called once.
  platform::Descriptor take_pidfd() noexcept { return std::move(process_.pidfd); }
  /// How it ended; call once, when its pidfd is readable. Where the system cannot tell (other
  /// code waited for the child, or SIGCHLD is ignored) it is what the child has said itself.
  ExitStatus collect();
  /// To a child whose end has not been collected.
  virtual start::Signal signal(const platform::Descriptor& pidfd, int signal) noexcept = 0;

 protected:
  explicit ChildHandle(platform::Descriptor report) : report_(std::move(report)) {}
  virtual ExitStatus ask_system() = 0;

  start::StartedProcess process_;

 private:
  platform::Descriptor report_;  // read end of the pipe that the exit code is written to
};

/// Forks this process; the child runs `target`, which is dropped here. Throws SystemError.
std::unique_ptr<ChildHandle> fork_child(std::unique_ptr<detail::ProcessTarget>& target,
                                        const base::Identity& identity);
/// Starts a process by another method and sends it `call`. Blocks until it has read what the pipe
/// does not hold. Throws what start::Method::start does.
std::unique_ptr<ChildHandle> start_child(const StartMethod& method, const detail::Bytes& call,
                                         const base::Identity& identity);

}  // namespace brood::process

#pragma once

#include <memory>
#include <optional>
#include <string>

#include <brood/options.hpp>
#include "base/identity.hpp"
#include "platform/descriptor.hpp"
#include "platform/pipe.hpp"
#include "pool/dispatcher/worker_process.hpp"
#include "start/method.hpp"

namespace brood::pool {

/// Makes worker processes, signals them and sees them end.
/// Threads: one at a time: the constructor's, then the dispatcher's.
class Supervisor {
 public:
  /// Takes the snapshot of a fork pool, or connects to the fork server. Throws as
  /// start::open_method does.
  explicit Supervisor(const PoolOptions& options);

  /// A worker that has been asked for, with what its process is given.
  struct Birth {
    std::unique_ptr<WorkerProcess> worker;
    platform::Pipe wake_ups;
    platform::Descriptor descriptor_channel;  // the worker's end
    start::PendingStart asked;
  };
  /// Asks for a process in slot `id`; never waits for it. Throws StartError, SystemError.
  Birth ask(WorkerId id);
  /// The worker, with the setup message in its ring; null while there is no process. Throws
  /// StartError, SystemError: the birth is to be abandoned then.
  std::unique_ptr<WorkerProcess> answer(Birth& birth);
  void abandon(const Birth& birth) noexcept { method_->abandon(birth.asked.ticket); }
  /// Says of a birth that had to be abandoned what it hung in.
  std::exception_ptr why_not_born(const Birth& birth) const;
  /// See start::Method::resume_server, answers.
  void resume_server() const noexcept { method_->resume_server(); }
  void receive() { method_->receive(); }
  int answers() const noexcept { return method_->answers(); }
  /// ask() and answer(); blocks until the process is there, for start_timeout at most.
  std::unique_ptr<WorkerProcess> start(WorkerId id);
  /// For a pool that starts no worker at first. Throws as start() does.
  void prepare() { method_->prepare(); }

  /// How it ended, once its pidfd is readable; nothing while its parent has not reported it.
  std::optional<Death> ended(const WorkerProcess& worker);
  /// SIGKILL to a worker that is not needed any more, and waits for its end, a second at most.
  void discard(const WorkerProcess& worker) noexcept;
  start::Signal signal(const WorkerProcess& worker, int signal) noexcept {
    return method_->signal(worker.pid, worker.pidfd, signal);
  }

  std::string method_name() const { return method_->name(); }
  const detail::SandboxTerms& sandbox() const noexcept {
    return detail::SandboxAccess::terms(options_.sandbox);
  }
  std::uint64_t message_limit() const noexcept { return message_limit_; }

 private:
  std::chrono::nanoseconds start_timeout() const;
  static std::unique_ptr<WorkerProcess> complete(Birth& birth, start::StartedProcess process);
  protocol::WorkerSetup setup_for(WorkerId id, base::Identity worker) const;
  PoolOptions options_;
  std::unique_ptr<start::Method> method_;
  platform::Descriptor owner_;  // pidfd of this process, for the workers to watch
  std::uint64_t message_limit_;
  int processors_;
};

}  // namespace brood::pool

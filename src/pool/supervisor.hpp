#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <brood/options.hpp>
#include "platform/descriptor.hpp"
#include "platform/pipe.hpp"
#include "pool/worker_link.hpp"
#include "start/method.hpp"

namespace brood::pool {

/// Makes worker processes and sees them end.
/// Threads: one at a time: the constructor's, then the dispatcher's.
class Supervisor {
 public:
  /// Takes the snapshot of a fork pool, or connects to the fork server. Throws as
  /// start::open_method does.
  explicit Supervisor(const PoolOptions& options);

  /// A worker that has been asked for, with what its process is given.
  struct Birth {
    std::unique_ptr<WorkerLink> link;
    platform::Pipe tasks, results;
    platform::Descriptor escort;  // the worker's end
    start::Asked asked;
  };
  /// Asks for a process in slot `id`; never waits for it. Throws StartError, SystemError.
  Birth ask(WorkerId id);
  /// The worker, with the setup message in its pipe; null while there is no process. Throws
  /// StartError, SystemError: the birth is to be abandoned then.
  std::unique_ptr<WorkerLink> answer(Birth& birth);
  void abandon(const Birth& birth) noexcept { method_->abandon(birth.asked.ticket); }
  /// Says of a birth that had to be abandoned what it hung in.
  std::exception_ptr why_not_born(const Birth& birth) const;
  /// See start::Method::resume_server, answers.
  void resume_server() const noexcept { method_->resume_server(); }
  int answers() const noexcept { return method_->answers(); }
  /// ask() and answer(); blocks until the process is there, for start_timeout at most.
  std::unique_ptr<WorkerLink> start(WorkerId id);
  /// For a pool that starts nobody at first. Throws as start() does.
  void prepare() { method_->prepare(); }

  /// How it ended, once its pidfd is readable; nothing while its parent has not told.
  std::optional<Death> ended(const WorkerLink& link);
  /// SIGKILL to a worker that is not needed any more, and waits for its end, a second at most.
  void discard(const WorkerLink& link) noexcept;
  /// SIGTERM, once; SIGKILL to one that has taken too much memory, or whose stream makes no sense.
  void stop(WorkerLink& link) noexcept;
  /// SIGKILL to one that was stopped and has had its time. Where this process cannot end it, what
  /// is to be logged: the link is to be let go as it is. Its pipes are closed then; the worker ends
  /// with its task, or with this process.
  std::optional<std::string> kill_if_overdue(WorkerLink& link,
                                             std::chrono::steady_clock::time_point now);

  const Limits& limits() const noexcept { return options_.limits; }
  std::string method_name() const { return method_->name(); }
  /// Whether a worker that is not ready has had its time.
  bool is_late(const WorkerLink& link) const;
  /// The StartError of a worker that has ended before it was ready.
  std::exception_ptr why_not_ready(const WorkerLink& link, const ExitStatus& status,
                                   const CrashReport& report) const;
  /// Throws StartError if the greeting is not that of a worker of ours.
  void check_greeting(const protocol::GreetingHeader& greeting) const;
  const detail::SandboxTerms& sandbox() const noexcept {
    return detail::SandboxAccess::terms(options_.sandbox);
  }
  std::uint64_t message_limit() const noexcept { return message_limit_; }

 private:
  std::chrono::nanoseconds start_timeout() const;
  Death death_of(const WorkerLink& link, const platform::Ended& ended) const;
  static std::unique_ptr<WorkerLink> complete(Birth& birth, start::StartedProcess process);
  protocol::Setup setup_for(const std::string& name, const std::string& numbers) const;
  PoolOptions options_;
  std::unique_ptr<start::Method> method_;
  platform::Descriptor owner_;  // pidfd of this process, for the workers to watch
  std::uint64_t message_limit_;
};

}  // namespace brood::pool

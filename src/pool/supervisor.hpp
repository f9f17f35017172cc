#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include <brood/options.hpp>
#include "platform/descriptor.hpp"
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

  /// A process in slot `id`, with the setup message in its pipe. Throws StartError, SystemError.
  std::unique_ptr<WorkerLink> start(WorkerId id);
  /// For a pool that starts nobody at first. Throws as start() does.
  void prepare() { method_->prepare(); }
  /// How it ended; its pidfd is readable.
  Death collect(const WorkerLink& link) noexcept;
  const Limits& limits() const noexcept { return options_.limits; }
  std::string method_name() const { return method_->name(); }
  /// Whether a worker that is not ready has had its time.
  bool is_late(const WorkerLink& link) const;
  /// The StartError of a worker that has ended before it was ready.
  std::exception_ptr why_not_ready(const WorkerLink& link, const ExitStatus& status,
                                   const CrashReport& report) const;
  /// Throws StartError if the greeting is not that of a worker of ours.
  void check_greeting(const protocol::GreetingHeader& greeting) const;
  /// Whether its workers may be sent any.
  bool allows_shared_objects() const noexcept {
    const detail::SandboxTerms& terms = options_.sandbox.terms();
    return !terms.on || terms.shared_objects;
  }
  std::uint64_t message_limit() const noexcept { return message_limit_; }

 private:
  std::chrono::nanoseconds start_timeout() const;
  protocol::Setup setup_for(const std::string& name, const std::string& numbers) const;
  PoolOptions options_;
  std::unique_ptr<start::Method> method_;
  platform::Descriptor owner_;  // pidfd of this process, for the workers to watch
  std::uint64_t message_limit_;
};

}  // namespace brood::pool

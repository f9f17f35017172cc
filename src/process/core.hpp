#pragma once

#include <memory>
#include <optional>
#include <string>

#include <brood/detail/duration.hpp>
#include <brood/detail/process/target.hpp>
#include <brood/errors.hpp>
#include <brood/process.hpp>
#include "base/identity.hpp"
#include "base/mutex.hpp"
#include "process/child_handle.hpp"

namespace brood::detail {

/// What a Process and the list of this process's children share. README.md has the states.
/// Threads: any.
class ProcessCore : public std::enable_shared_from_this<ProcessCore> {
 public:
  ProcessCore(ProcessOptions options, std::unique_ptr<ProcessTarget> target);

  const std::string& name() const noexcept { return identity_.name; }
  bool daemon() const noexcept { return identity_.daemon; }
  bool is_ours() const noexcept;

  void start();
  /// False when the deadline came first.
  bool wait(const Deadline& deadline);
  /// Nothing while it runs, and before start().
  std::optional<ExitStatus> status();
  bool is_alive();
  int pid() const;
  int sentinel() const;
  void send_signal(int signal);
  void close();
  /// As the destructor of its handle: what the process is decides how. Without effect where there
  /// is nothing to end.
  void end() noexcept;
  /// SIGTERM to a daemon that runs.
  void end_daemon() noexcept;

 private:
  void check_use() const BROOD_REQUIRES(mutex_);
  void check_started() const BROOD_REQUIRES(mutex_);
  std::shared_ptr<platform::Descriptor> watched() const;
  std::optional<ExitStatus> look() BROOD_REQUIRES(mutex_);

  const StartMethod method_;
  base::Identity identity_;  // as the child will have it
  mutable base::Mutex mutex_;
  std::unique_ptr<ProcessTarget> target_ BROOD_GUARDED_BY(mutex_);  // null once it is started
  std::unique_ptr<process::ChildHandle> child_ BROOD_GUARDED_BY(mutex_);
  /// A waiter keeps it beyond close().
  std::shared_ptr<platform::Descriptor> pidfd_ BROOD_GUARDED_BY(mutex_);
  int pid_ BROOD_GUARDED_BY(mutex_) = 0;
  std::optional<ExitStatus> status_ BROOD_GUARDED_BY(mutex_);
  bool closed_ BROOD_GUARDED_BY(mutex_) = false;
  const unsigned generation_;
};

}  // namespace brood::detail

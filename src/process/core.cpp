#include "process/core.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <csignal>
#include <utility>

#include "platform/identity.hpp"
#include "platform/process.hpp"
#include "process/children.hpp"

namespace brood::detail {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds daemon_grace{1};  // between SIGTERM and SIGKILL

StartMethod resolved(const StartMethod& method) {
  return method.name().empty() ? StartMethod(get_start_method()) : method;
}

base::Identity identity_of(const ProcessOptions& options, const StartMethod& method) {
  base::Identity child = platform::next_child(start::name_prefix(method.name()) + "Process-");
  if (!options.name.empty()) child.name = options.name;
  child.daemon = options.daemon;
  return child;
}

bool is_fork(const StartMethod& method) { return !method.launcher() && method.name() == "fork"; }

/// Until `deadline`, or for a day: poll(2) takes no more.
int timeout_ms(const Deadline& deadline) {
  constexpr std::chrono::milliseconds longest = std::chrono::hours(24);
  if (!deadline) return static_cast<int>(longest.count());
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now());
  return static_cast<int>(std::clamp(left, std::chrono::milliseconds(0), longest).count());
}

[[noreturn]] void refuse(const char* text) { throw UsageError(text); }

}  // namespace

ProcessCore::ProcessCore(ProcessOptions options, std::unique_ptr<ProcessTarget> target)
    : method_(resolved(options.start_method)),
      identity_(identity_of(options, method_)),
      target_(std::move(target)),
      generation_(platform::fork_generation()) {}

bool ProcessCore::is_ours() const noexcept { return generation_ == platform::fork_generation(); }

void ProcessCore::check_use() const {
  if (closed_) refuse("brood::Process: this one has been closed");
}

void ProcessCore::check_started() const {
  check_use();
  if (!pidfd_) refuse("brood::Process: start() comes first");
}

void ProcessCore::start() {
  std::unique_ptr<ProcessTarget> started;  // destroyed without the lock: it is the user's
  const base::MutexLock lock(mutex_);
  check_use();
  if (pidfd_) refuse("brood::Process: a process is started once; make another one");
  process::ListedChild entry(shared_from_this());
  if (is_fork(method_)) {
    child_ = process::fork_child(target_, identity_);
  } else {
    Bytes call;
    target_->encode(call);
    child_ = process::start_child(method_, call, identity_);
  }
  started = std::move(target_);
  pid_ = child_->pid();
  pidfd_ = std::make_shared<platform::Descriptor>(child_->take_pidfd());
  entry.stay();
}

std::shared_ptr<platform::Descriptor> ProcessCore::watched() const {
  const base::MutexLock lock(mutex_);
  check_started();
  return pidfd_;
}

// A waiter holds no lock: other threads may ask, and send signals, meanwhile.
bool ProcessCore::wait(const Deadline& deadline) {
  const std::shared_ptr<platform::Descriptor> pidfd = watched();
  while (!platform::wait_for_exit(*pidfd, timeout_ms(deadline))) {
    if (deadline && Clock::now() >= *deadline) return false;
  }
  const base::MutexLock lock(mutex_);
  static_cast<void>(look());
  return true;
}

std::optional<ExitStatus> ProcessCore::look() {
  if (status_ || !pidfd_) return status_;
  if (!platform::wait_for_exit(*pidfd_, 0)) return std::nullopt;
  status_ = child_->collect();
  child_.reset();
  process::unlist(this);
  return status_;
}

std::optional<ExitStatus> ProcessCore::status() {
  const base::MutexLock lock(mutex_);
  check_use();
  return look();
}

bool ProcessCore::is_alive() {
  const base::MutexLock lock(mutex_);
  check_use();
  return pidfd_ && !look();
}

int ProcessCore::pid() const {
  const base::MutexLock lock(mutex_);
  check_started();
  return pid_;
}

int ProcessCore::sentinel() const { return watched()->get(); }

void ProcessCore::send_signal(int signal) {
  const base::MutexLock lock(mutex_);
  check_started();
  if (look()) return;
  if (child_->signal(*pidfd_, signal) == start::Signal::refused)
    throw SystemError("pidfd_send_signal", "ending a process", EPERM);
}

void ProcessCore::close() {
  std::unique_ptr<ProcessTarget> dropped;  // without the lock: it is the user's
  const base::MutexLock lock(mutex_);
  if (pidfd_ && !look()) refuse("brood::Process: close() comes after the end; join() first");
  closed_ = true;
  dropped = std::move(target_);
  pidfd_.reset();
}

void ProcessCore::end_daemon() noexcept try {
  if (daemon() && is_alive()) send_signal(SIGTERM);
} catch (const Error&) {
  // Closed, or gone, meanwhile.
}

void ProcessCore::end() noexcept try {
  if (!is_alive()) return;
  end_daemon();
  if (!daemon()) {
    wait(std::nullopt);
  } else if (!wait(Clock::now() + daemon_grace)) {
    send_signal(SIGKILL);
    wait(std::nullopt);
  }
} catch (const Error&) {
  // Closed, or gone, meanwhile.
}

}  // namespace brood::detail

#include "platform/process.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>

#include "platform/sigpipe_state.hpp"
#include "platform/system_calls.hpp"

namespace brood::platform {
namespace {
// Of a helper, which ignores it whatever the program does.
constinit std::optional<bool> hangup_ignored_before;
}  // namespace

Descriptor open_pidfd(pid_t pid) {
  const int pidfd = system_calls().pidfd_open(pid, 0);  // close-on-exec by itself: pidfd_open(2)
  if (pidfd < 0) throw SystemError("pidfd_open", "watching a process", errno);
  return adopt_above_stdio(pidfd);
}

bool send_signal(const Descriptor& pidfd, int signal) noexcept {
  return system_calls().pidfd_send_signal(pidfd.get(), signal, nullptr, 0) == 0;
}

Signalled signal_child(const Descriptor& pidfd, pid_t pid, int signal) noexcept {
  if (send_signal(pidfd, signal)) return Signalled::sent;
  if (errno == ESRCH) return Signalled::gone;
  if (pid > 0 && ::kill(pid, signal) == 0) return Signalled::sent;
  return errno == ESRCH ? Signalled::gone : Signalled::refused;
}

namespace {
std::chrono::nanoseconds duration_of(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}
std::uint64_t bytes_of_kilobytes(long count) {
  return count > 0 ? static_cast<std::uint64_t>(count) * 1024 : 0;
}
ExitStatus status_of(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return {ExitStatus::Kind::exited, info.si_status, false};
  return {ExitStatus::Kind::signaled, info.si_status, info.si_code == CLD_DUMPED};
}
}  // namespace

// The system call and not the C library's function, which leaves the usage out: waitid(2).
std::optional<Ended> reap(pid_t pid) noexcept {
  siginfo_t info{};
  rusage used{};
  while (::syscall(SYS_waitid, P_PID, pid, &info, WEXITED | WNOHANG, &used) != 0) {
    if (errno != EINTR)
      return Ended{};  // ECHILD: another process's child, or another thread reaped it
  }
  if (info.si_pid == 0) return std::nullopt;
  return Ended{status_of(info), duration_of(used.ru_utime), duration_of(used.ru_stime),
               bytes_of_kilobytes(used.ru_maxrss)};
}

std::uint64_t own_peak_resident() noexcept {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return bytes_of_kilobytes(used.ru_maxrss);
}

bool wait_for_exit(int pidfd, int timeout_ms) noexcept {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd watched{pidfd, POLLIN, 0};
    const int ready = system_calls().poll(&watched, 1,
                                          timeout_ms < 0 ? -1
                                          : left > 0     ? static_cast<int>(left)
                                                         : 0);
    if (ready > 0) return (watched.revents & POLLIN) != 0;
    if (ready == 0 && left <= 0 && timeout_ms >= 0) return false;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool children_wait_to_be_reaped() noexcept {
  struct sigaction current {};
  ::sigaction(SIGCHLD, nullptr, &current);
  return current.sa_handler == SIG_DFL && (current.sa_flags & SA_NOCLDWAIT) == 0;
}

BlockedSignals::BlockedSignals() noexcept {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before_);
}

BlockedSignals::~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

namespace {
thread_local constinit bool is_forking = false;
}

bool is_forking_for_the_library() noexcept { return is_forking; }

pid_t fork_process() {
  wait_for_starting_threads();
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  is_forking = true;
  const pid_t pid = system_calls().fork();
  is_forking = false;
  if (pid == 0) {
    reset_signals();
    return 0;
  }
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) throw SystemError("fork", "starting a process", error);
  return pid;
}

void ignore_signals_to_the_group() noexcept {
  hangup_ignored_before = hangup_is_ignored();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, SIG_IGN);
}

bool hangup_is_ignored() noexcept {
  if (hangup_ignored_before) return *hangup_ignored_before;
  struct sigaction now {};
  return ::sigaction(SIGHUP, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

void reset_signals() noexcept {
  const bool no_hangup = hangup_is_ignored();
  hangup_ignored_before.reset();
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  // SIGKILL, SIGSTOP and the two that the C library keeps for itself refuse: no harm.
  for (int signal = 1; signal < NSIG; ++signal) {
    if (signal != SIGHUP || !no_hangup) ::sigaction(signal, &standard, nullptr);
  }
  if (no_hangup) ::signal(SIGHUP, SIG_IGN);
  sigpipe_state = {};
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none,
                  nullptr);  // last: what waited meets the default action, never an old handler
}

}  // namespace brood::platform

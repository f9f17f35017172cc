#pragma once

#include <pthread.h>
#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <optional>
#include <string>

#include <brood/errors.hpp>
#include "platform/descriptor.hpp"

namespace brood::platform {

/// A descriptor that polls readable when `pid` has ended. Throws SystemError.
Descriptor open_pidfd(pid_t pid);
/// Sends `signal` to the process behind `pidfd`; false when it is gone.
bool send_signal(const Descriptor& pidfd, int signal) noexcept;
enum class Signalled : std::uint8_t {
  sent,
  gone,
  refused,  // by a seccomp filter, or to a process of another user
};
/// The same by kill(2), where the system refuses pidfd_send_signal(2). `pid` is that of a child
/// that only the caller's thread reaps: else it may be another process's by now.
Signalled signal_child(const Descriptor& pidfd, pid_t pid, int signal) noexcept;
/// How a process ended, and what it used; zeros where that is not known.
struct Ended {
  ExitStatus status{};
  std::chrono::nanoseconds user_time{0}, system_time{0};
  std::uint64_t peak_resident = 0;  // bytes
};
/// That of our own ended child, reaped through its pid (waitid, P_PID); nothing while it runs;
/// `lost` when it is not our child. Of a program executed by posix_spawn the peak is that of this
/// process at its start, where that is more: execve(2) keeps it, and the child had our memory.
std::optional<Ended> reap(pid_t pid) noexcept;
/// Most memory that this process has had at a time, in bytes.
std::uint64_t own_peak_resident() noexcept;
/// Whether a child that ends waits to be reaped by its pid: not where the program ignores SIGCHLD,
/// and perhaps not where it handles it.
bool children_wait_to_be_reaped() noexcept;
/// By a signal such as SIGSTOP; false where it cannot be known.
bool is_stopped(pid_t pid) noexcept;
/// Whether other threads of it go on, or are still ending, when its main thread has ended.
bool outlives_main_thread(pid_t pid, const Descriptor& pidfd) noexcept;
/// Waits for at most `timeout_ms` (-1: for ever) until the process behind `pidfd` has ended.
bool wait_for_exit(int pidfd, int timeout_ms) noexcept;
inline bool wait_for_exit(const Descriptor& pidfd, int timeout_ms) noexcept {
  return wait_for_exit(pidfd.get(), timeout_ms);
}

/// While it lives, this thread takes no signals.
class BlockedSignals {
 public:
  BlockedSignals() noexcept;
  ~BlockedSignals();
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_;
};

/// fork(2) with every signal blocked meanwhile, so that no handler of the parent's ever runs in the
/// child (it could write to a self-pipe that both share). The child returns 0 with default actions
/// and an empty mask. Waits for the library's threads that are starting. Throws SystemError.
pid_t fork_process();
/// Whether the calling thread is in fork_process(): for what runs beside fork(2) in the child.
bool is_forking_for_the_library() noexcept;

/// Default action for every signal (SIGKILL and SIGSTOP apart) and an empty mask. SIGHUP stays
/// ignored where it is: nohup(1) is meant for all of a program.
void reset_signals() noexcept;
/// In a helper process: ignores what goes to process groups and services as a whole. The owner
/// decides what that means, and its end is the helper's.
void ignore_signals_to_the_group() noexcept;
/// Whether the program has it so; a helper ignores it in any case.
bool hangup_is_ignored() noexcept;

/// Closes every descriptor above 2 but those in `keep` (`count` of them, in any order) and those of
/// shared objects. Async-signal-safe.
void close_all_but(const int* keep, int count) noexcept;
/// Lets go of the library's private descriptors but those in `keep`, in a process that was just
/// forked to run code of the user's: what the user has opened stays. Async-signal-safe.
void replace_own_descriptors(const int* keep, int count) noexcept;
/// Lets these lead nowhere; negative ones are passed over. Async-signal-safe.
void replace_descriptors(const int* numbers, std::size_t count) noexcept;
/// stdin from /dev/null; stdout and stderr to /dev/null where they are closed.
void prepare_stdio() noexcept;
/// All three lead to /dev/null.
void close_stdio() noexcept;
/// The name that ps and top show, cut to 15 characters.
void set_thread_name(const char* name) noexcept;

/// Raises the limit of descriptors to the most that may be had. Best effort.
void raise_descriptor_limit() noexcept;

/// Number of threads of this process, from /proc/self/task; 1 where that cannot be read.
int count_threads() noexcept;
/// Counts a thread of the library's own, so that a fork does not warn about it. Make one before the
/// thread is started and keep it until it has been joined: a member declared before the thread does
/// both. Copies in a forked child count nothing.
class OwnThread {
 public:
  OwnThread() noexcept;
  ~OwnThread();
  OwnThread(const OwnThread&) = delete;
  OwnThread& operator=(const OwnThread&) = delete;
  /// The thread itself says that it runs.
  void begun() noexcept;

 private:
  unsigned generation_;
  std::atomic<bool> begun_{false};
};
int own_threads() noexcept;
enum class Joining : bool { no, yes };
/// A thread that takes none of the program's signals. It has a small stack, or the usual one where
/// the program's thread_local data do not fit into that. An error number, or 0.
int start_plain_thread(pthread_t& thread, Joining joining, void* (*body)(void*),
                       void* argument) noexcept;
/// Until every thread that is counted has begun, or will not be started. A thread that starts may
/// hold a lock that fork(2) does not know: a sanitizer's, of its list of threads. Copies would wait
/// for it.
void wait_for_starting_threads() noexcept;

/// Counts the forks that made this process: differs between a process and what fork() made of it.
unsigned fork_generation() noexcept;

/// CPUs in the affinity mask, at least 1.
int affinity_cpus() noexcept;
/// As many processors as this process may use with this quota, if it has one: at least 1.
int cpus_within(std::optional<int> quota) noexcept;
/// The same with the control group's quota as it was at the first call.
int usable_cpus();
/// ceil(quota / period) of this process's control group and of those above it, the smallest
/// (version 2 cpu.max, version 1 cpu.cfs_*); at least 1; nothing when none has a quota.
std::optional<int> cgroup_cpus();
/// The same for tests: `root` is where the control groups are mounted, `self` the text of
/// /proc/self/cgroup.
std::optional<int> cgroup_cpus(const std::string& root, const std::string& self);

}  // namespace brood::platform

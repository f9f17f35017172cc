#include "platform/system_calls.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace brood::platform {
namespace {

// The calls of every task. Not by glibc's functions, which are cancellation points: in a program
// with threads that costs two atomic operations each, and pthread_cancel is nothing that this
// library lets happen inside a call.
ssize_t read_plainly(int descriptor, void* target, size_t count) {
  return ::syscall(SYS_read, descriptor, target, count);
}
ssize_t write_plainly(int descriptor, const void* source, size_t count) {
  return ::syscall(SYS_write, descriptor, source, count);
}
ssize_t sendmsg_plainly(int socket, const msghdr* message, int flags) {
  return ::syscall(SYS_sendmsg, socket, message, flags);
}
ssize_t recvmsg_plainly(int socket, msghdr* message, int flags) {
  return ::syscall(SYS_recvmsg, socket, message, flags);
}
int poll_plainly(pollfd* descriptors, nfds_t count, int timeout_ms) {
  return static_cast<int>(::syscall(SYS_poll, descriptors, count, timeout_ms));
}

int open_existing(const char* path, int flags) { return ::open(path, flags); }
int open_in_folder(const char* folder, int flags, mode_t mode) {
  return ::open(folder, flags | O_TMPFILE, mode);
}
int fcntl_with_int(int descriptor, int command, int argument) {
  return ::fcntl(descriptor, command, argument);
}

// glibc has wrappers for these since 2.36 only (close_range: 2.34).
int open_pidfd_of(pid_t pid, unsigned flags) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, flags));
}
int signal_pidfd(int pidfd, int signal, void* info, unsigned flags) {
  return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, signal, info, flags));
}
int close_descriptors(unsigned first, unsigned last, int flags) {
  return static_cast<int>(::syscall(SYS_close_range, first, last, flags));
}

// The C library has no wrappers for these, and older headers no numbers, which are those of every
// processor.
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif
int seccomp_plainly(unsigned operation, unsigned flags, void* program) {
  return static_cast<int>(::syscall(SYS_seccomp, operation, flags, program));
}
int create_ruleset(const void* attributes, size_t size, unsigned flags) {
  return static_cast<int>(::syscall(SYS_landlock_create_ruleset, attributes, size, flags));
}
int add_rule(int ruleset, int type, const void* rule, unsigned flags) {
  return static_cast<int>(::syscall(SYS_landlock_add_rule, ruleset, type, rule, flags));
}
int restrict_self(int ruleset, unsigned flags) {
  return static_cast<int>(::syscall(SYS_landlock_restrict_self, ruleset, flags));
}

// posix_spawnp looks the program up in PATH only when its name has no slash.
int spawn_in_path(pid_t* pid, const char* program, const void* file_actions, const void* attributes,
                  char* const* argv, char* const* envp) {
  return ::posix_spawnp(pid, program, static_cast<const posix_spawn_file_actions_t*>(file_actions),
                        static_cast<const posix_spawnattr_t*>(attributes), argv, envp);
}
int membarrier_plainly(int command) {
  return static_cast<int>(::syscall(SYS_membarrier, command, 0, 0));
}

}  // namespace

SystemCalls& system_calls() noexcept {
  static SystemCalls calls{
      .open = open_existing,
      .open_unnamed = open_in_folder,
      .pipe2 = ::pipe2,
      .fcntl_int = fcntl_with_int,
      .read = read_plainly,
      .write = write_plainly,
      .pread = ::pread,
      .pwrite = ::pwrite,
      .poll = poll_plainly,
      .socketpair = ::socketpair,
      .socket = ::socket,
      .bind = ::bind,
      .listen = ::listen,
      .accept4 = ::accept4,
      .connect = ::connect,
      .sendmsg = sendmsg_plainly,
      .recvmsg = recvmsg_plainly,
      .memfd_create = ::memfd_create,
      .ftruncate = ::ftruncate,
      .fallocate = ::fallocate,
      .mmap = ::mmap,
      .madvise = ::madvise,
      .membarrier = membarrier_plainly,
      .eventfd = ::eventfd,
      .epoll_create1 = ::epoll_create1,
      .epoll_ctl = ::epoll_ctl,
      .pidfd_open = open_pidfd_of,
      .pidfd_send_signal = signal_pidfd,
      .close_range = close_descriptors,
      .seccomp = seccomp_plainly,
      .landlock_create_ruleset = create_ruleset,
      .landlock_add_rule = add_rule,
      .landlock_restrict_self = restrict_self,
      .fork = ::fork,
      .posix_spawn = spawn_in_path,
  };
  return calls;
}

}  // namespace brood::platform

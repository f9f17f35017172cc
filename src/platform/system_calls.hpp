#pragma once

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

namespace brood::platform {

/// The seam to the operating system: calls that can fail for a reason outside the program go
/// through this table, so that a test can make the Nth use of any of them fail. Plain function
/// pointers; the default is the system's own.
struct SystemCalls {
  int (*open)(const char*, int);                         // of what exists
  int (*open_unnamed)(const char* folder, int, mode_t);  // O_TMPFILE
  int (*pipe2)(int*, int);
  int (*fcntl_int)(int, int, int);
  ssize_t (*read)(int, void*, size_t);
  ssize_t (*write)(int, const void*, size_t);
  ssize_t (*pread)(int, void*, size_t, off_t);
  ssize_t (*pwrite)(int, const void*, size_t, off_t);
  int (*poll)(pollfd*, nfds_t, int);
  int (*socketpair)(int, int, int, int*);
  int (*socket)(int, int, int);
  int (*bind)(int, const sockaddr*, socklen_t);
  int (*listen)(int, int);
  int (*accept4)(int, sockaddr*, socklen_t*, int);
  int (*connect)(int, const sockaddr*, socklen_t);
  ssize_t (*sendmsg)(int, const msghdr*, int);
  ssize_t (*recvmsg)(int, msghdr*, int);
  int (*memfd_create)(const char*, unsigned);
  int (*ftruncate)(int, off_t);
  int (*fallocate)(int, int, off_t, off_t);
  void* (*mmap)(void*, size_t, int, int, int, off_t);
  int (*madvise)(void*, size_t, int);
  int (*membarrier)(int command);
  int (*eventfd)(unsigned, int);
  int (*epoll_create1)(int);
  int (*epoll_ctl)(int, int, int, epoll_event*);
  int (*pidfd_open)(pid_t, unsigned);
  int (*pidfd_send_signal)(int, int, void*, unsigned);
  int (*close_range)(unsigned, unsigned, int);
  int (*seccomp)(unsigned operation, unsigned flags, void* program);
  int (*landlock_create_ruleset)(const void* attributes, size_t size, unsigned flags);
  int (*landlock_add_rule)(int ruleset, int type, const void* rule, unsigned flags);
  int (*landlock_restrict_self)(int ruleset, unsigned flags);
  pid_t (*fork)();
  /// Looks the program up in PATH when its name has no slash.
  int (*posix_spawn)(pid_t*, const char*, const void* file_actions, const void* attributes,
                     char* const* argv, char* const* envp);
};

/// Not atomic: a test swaps entries while no other thread uses the library.
SystemCalls& system_calls() noexcept;

}  // namespace brood::platform

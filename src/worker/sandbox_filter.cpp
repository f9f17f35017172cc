#include "worker/sandbox_filter.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <string_view>

namespace brood::worker {
namespace {

using platform::SeccompFilter;

constexpr std::uint64_t whole_int = 0xffff'ffff;
constexpr std::uint64_t whole_pointer = ~std::uint64_t{0};

std::uint64_t bits(int value) { return static_cast<std::uint32_t>(value); }

// What reads and writes open descriptors, and what changes nothing but this process's memory,
// signal mask and knowledge of itself.
constexpr std::string_view harmless[] = {
    "read", "write", "readv", "writev", "pread64", "lseek", "fstat", "poll", "ppoll", "close",
    "dup3",
    // memory
    "brk", "munmap", "mremap", "madvise", "membarrier",
    // threads that there are
    "futex", "set_robust_list", "rseq", "sched_yield", "exit", "exit_group", "restart_syscall",
    // signals
    "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait", "sigaltstack",
    // time
    "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
    "times",
    // this process and machine
    "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getcpu",
    "sched_getaffinity", "getrusage", "getrlimit", "sysinfo", "uname", "getrandom"};

// What Queue, Lock, Array, Connection and the others do with the descriptors that they are given,
// and to make new ones.
constexpr std::string_view for_shared_objects[] = {
    "sendmsg",  "recvmsg",      "getsockopt", "shutdown",  "pipe2",
    "eventfd2", "memfd_create", "ftruncate",  "fallocate", "pwrite64"};

constexpr std::string_view for_reading[] = {"newfstatat", "stat",       "lstat",      "statx",
                                            "access",     "faccessat",  "faccessat2", "readlink",
                                            "readlinkat", "getdents64", "fadvise64",  "getcwd"};

constexpr std::string_view for_writing[] = {"pwrite64", "pwritev",   "ftruncate", "fallocate",
                                            "fsync",    "fdatasync", "mkdir",     "mkdirat",
                                            "rmdir",    "unlink",    "unlinkat",  "rename",
                                            "renameat", "renameat2", "symlink",   "symlinkat"};

// To itself. A pid is compared as the kernel reads it.
void add_signals(SeccompFilter& filter) {
  const std::uint64_t self = bits(::getpid());
  for (const char* const call : {"kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"})
    filter.allow(call, {{0, whole_int, self}});
  // A task that handles SIGSYS could go on after a refused call: the call is not made, but the
  // owner would not hear of it. Asking for the action is harmless.
  filter.allow("rt_sigaction", {{1, whole_pointer, 0}});
  filter.fail("rt_sigaction", EPERM, {{0, whole_int, bits(SIGSYS)}});
  filter.allow("rt_sigaction");
}

// No memory that is to be executed: neither new nor by another protection.
void add_mappings(SeccompFilter& filter) {
  for (const char* const call : {"mmap", "mprotect"}) filter.allow(call, {{2, PROT_EXEC, 0}});
}

// F_SETOWN and F_SETSIG send signals to others, F_SETFL changes what the owner has open too.
void add_descriptor_commands(SeccompFilter& filter) {
  for (const int command :
       {F_GETFD, F_SETFD, F_GETFL, F_DUPFD, F_DUPFD_CLOEXEC, F_GET_SEALS, F_ADD_SEALS})
    filter.allow("fcntl", {{1, whole_int, bits(command)}});
}

// What the C library asks unasked, and does without.
void add_probes(SeccompFilter& filter) {
  filter.fail("ioctl", ENOTTY);  // whether stdout is a terminal
  // fstat(3) of glibc: with a path it would tell of any file.
  filter.fail("newfstatat", EACCES, {{3, AT_EMPTY_PATH, AT_EMPTY_PATH}});
  for (const int option : {PR_SET_NAME, PR_GET_NAME})
    filter.allow("prctl", {{0, whole_int, bits(option)}});
  filter.fail("prctl", EPERM);
  filter.allow("prlimit64", {{0, whole_int, 0}, {2, whole_pointer, 0}});  // only asks
  filter.fail("prlimit64", EPERM);
}

void add_shared_objects(SeccompFilter& filter) {
  for (const std::string_view call : for_shared_objects) filter.allow(call);
  // No SOCK_DGRAM: it can be sent to every socket of the machine that has a name.
  constexpr std::uint64_t kind = 0xf;
  for (const int type : {SOCK_STREAM, SOCK_SEQPACKET})
    filter.allow("socketpair", {{0, whole_int, AF_UNIX}, {1, kind, bits(type)}});
  // Of all options those of the receiver's side only: a filter, or SO_PASSRIGHTS, would take from
  // others what they send each other over a socket that this process has, too.
  filter.allow("setsockopt", {{1, whole_int, SOL_SOCKET}, {2, whole_int, SO_PEEK_OFF}});
  filter.allow("newfstatat",
               {{3, whole_int, AT_EMPTY_PATH}});  // fstat(3) of glibc: how large it is
  filter.allow("kill", {{1, whole_int, 0}});      // whether the holder of a lock lives
}

void add_threads(SeccompFilter& filter, bool allowed) {
  constexpr std::uint64_t of_a_thread = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
  constexpr std::uint64_t namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                       CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_PTRACE;
  if (allowed) {
    filter.allow("clone", {{0, of_a_thread | namespaces, of_a_thread}});
  } else {
    // Not the end: the C library blocks every signal meanwhile, and the worker would die without a
    // word. It is what a thread too many gives, and std::async may go on without one.
    filter.fail("clone", EAGAIN, {{0, CLONE_THREAD, CLONE_THREAD}});
  }
  filter.fail("clone3", ENOSYS);  // its flags lie in memory; glibc then takes clone
}

// The paths themselves are Landlock's affair.
void add_files(SeccompFilter& filter, bool writable) {
  const auto open_with = [&filter](std::uint64_t mask, int flags) {
    filter.allow("open", {{1, mask, bits(flags)}});
    filter.allow("openat", {{2, mask, bits(flags)}});
  };
  if (writable) {
    open_with(O_ACCMODE, O_WRONLY);
    open_with(O_ACCMODE, O_RDWR);
    open_with(O_ACCMODE | O_TRUNC, O_RDONLY);
  } else {
    open_with(O_ACCMODE | O_TRUNC | O_CREAT, O_RDONLY);
  }
}

}  // namespace

SeccompFilter filter_for(const detail::SandboxTerms& terms) {
  SeccompFilter filter;
  const auto allow_all = [&filter](const auto& calls) {
    for (const std::string_view call : calls) filter.allow(call);
  };
  allow_all(terms.calls);  // first: whatever the arguments
  allow_all(harmless);
  if (terms.shared_objects) add_shared_objects(filter);
  if (!terms.readable.empty() || !terms.writable.empty()) {
    allow_all(for_reading);
    add_files(filter, !terms.writable.empty());
  }
  if (!terms.writable.empty()) allow_all(for_writing);
  add_threads(filter, terms.threads);
  add_mappings(filter);
  add_signals(filter);
  add_descriptor_commands(filter);
  add_probes(filter);
  return filter;
}

}  // namespace brood::worker

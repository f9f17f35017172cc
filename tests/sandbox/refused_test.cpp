#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <future>
#include <iterator>
#include <thread>

#include "sandbox/sandbox_fixture.hpp"
#include "start/entry.hpp"

// What a task in a sandbox tries in vain.
namespace brood::testing::refused_test {
namespace {

class Refused : public SandboxTest {};
BROOD_FOR_EVERY_METHOD(Refused);

template <class... A>
long call(long number, A... arguments) {
  return ::syscall(number, arguments...);
}

struct Attempt {
  const char* name;  // that is to be told
  long (*make)();
};
// Each would work without a sandbox, or at least be tried.
const Attempt attempts[] = {
    {"openat", [] { return long{::open("/etc/passwd", O_RDONLY)}; }},
    {"openat", [] { return long{::open("/tmp/brood", O_WRONLY | O_CREAT, 0600)}; }},
    {"newfstatat", [] { return call(SYS_newfstatat, AT_FDCWD, "/etc/passwd", nullptr, 0); }},
    {"unlinkat", [] { return call(SYS_unlinkat, AT_FDCWD, "/nowhere", 0); }},
    {"socket", [] { return long{::socket(AF_INET, SOCK_STREAM, 0)}; }},
    {"connect",
     [] {
       const sockaddr_un address{AF_UNIX, "/nowhere"};
       return long{::connect(8, reinterpret_cast<const sockaddr*>(&address), sizeof address)};
     }},
    {"sendmsg",
     [] {
       const msghdr nothing{};
       return long{::sendmsg(7, &nothing, MSG_DONTWAIT)};
     }},
    {"recvmsg",
     [] {
       msghdr nothing{};
       return long{::recvmsg(7, &nothing, MSG_DONTWAIT)};
     }},
    {"execve",
     [] {
       std::array<char*, 1> none{nullptr};
       return long{::execve("/bin/true", none.data(), none.data())};
     }},
    {"clone", [] { return long{::fork()}; }},
    {"kill", [] { return long{::kill(::getppid(), 0)}; }},
    {"kill", [] { return long{::kill(0, SIGCONT)}; }},
    {"kill", [] { return long{::kill(-1, 0)}; }},
    {"tgkill", [] { return call(SYS_tgkill, ::getppid(), ::getppid(), SIGCONT); }},
    {"tkill", [] { return call(SYS_tkill, ::getppid(), 0); }},
    {"pidfd_open", [] { return call(SYS_pidfd_open, ::getppid(), 0); }},
    // 6: the owner's
    {"pidfd_send_signal", [] { return call(SYS_pidfd_send_signal, 6, SIGCONT, nullptr, 0); }},
    {"pidfd_getfd", [] { return call(SYS_pidfd_getfd, 6, 0, 0); }},
    {"ptrace", [] { return call(SYS_ptrace, 16, ::getppid(), 0, 0); }},
    {"process_vm_readv", [] { return call(SYS_process_vm_readv, ::getppid(), 0, 0, 0, 0, 0); }},
    {"process_vm_writev", [] { return call(SYS_process_vm_writev, ::getppid(), 0, 0, 0, 0, 0); }},
    {"fcntl", [] { return long{::fcntl(7, F_SETOWN, ::getppid())}; }},
    {"fcntl", [] { return long{::fcntl(7, F_SETSIG, SIGKILL)}; }},
    {"fcntl", [] { return long{::fcntl(1, F_SETFL, O_NONBLOCK)}; }},
    {"mmap",
     [] {
       return reinterpret_cast<long>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
     }},
    {"mprotect",
     [] {
       void* const page =
           ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
       return long{::mprotect(page, 4096, PROT_READ | PROT_EXEC)};
     }},
    {"io_uring_setup", [] { return call(SYS_io_uring_setup, 1, nullptr); }},
    {"memfd_create", [] { return call(SYS_memfd_create, "name", 0); }},
    {"seccomp", [] { return call(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, nullptr); }},
    {"unshare", [] { return call(SYS_unshare, 0); }},
    {"bpf", [] { return call(SYS_bpf, 0, nullptr, 0); }},
    {"userfaultfd", [] { return call(SYS_userfaultfd, 0); }},
    {"setpriority", [] { return call(SYS_setpriority, PRIO_PROCESS, ::getppid(), 19); }},
    {"shmget", [] { return call(SYS_shmget, 0, 4096, 0600); }},
    {"keyctl", [] { return call(SYS_keyctl, 0, 0, 0, 0, 0); }},
    {"personality", [] { return call(SYS_personality, 0); }}};

TEST_P(Refused, every_forbidden_call_is_a_lost_worker_that_names_it) {
  Pool pool = make_pool();
  const auto makes = [](std::size_t which) { return attempts[which].make(); };
  for (std::size_t i = 0; i < std::size(attempts); ++i) {
    SCOPED_TRACE(attempts[i].name);
    EXPECT_EQ(refused([&] { pool.apply(makes, i); }), attempts[i].name);
  }
  EXPECT_EQ(pool.apply(square, 3), 9);
}

TEST_P(Refused, threads_are_an_exception) {
  Pool pool = make_pool();
  const auto starts_one = [](int x) {
    std::thread([] {}).join();
    return x;
  };
  EXPECT_THROW(pool.apply(starts_one, 0), std::system_error);
  const auto may_start_one = [](int x) { return std::async(square, x).get(); };
  EXPECT_EQ(pool.apply(may_start_one, 3), 9);
}

TEST_P(Refused, a_process_that_the_c_library_starts_is_a_lost_worker) {
  Pool pool = make_pool();
  const auto runs = [](int) { return std::system("true"); };
  const auto lost = caught<WorkerLost>([&] { pool.apply(runs, 0); });
  EXPECT_EQ(lost.report().cause, CrashReport::Cause::refused_call) << lost.what();
}

TEST_P(Refused, its_report_reads_well) {
  Pool pool = make_pool();
  const auto opens = [](int) { return ::open("/etc/passwd", O_RDONLY); };
  const auto lost = caught<WorkerLost>([&] { pool.apply(opens, 0); });
  EXPECT_TRUE(contains(lost.what(), "the sandbox refused the system call openat(2)"))
      << lost.what();
  EXPECT_EQ(lost.signal(), SIGSYS);
  EXPECT_FALSE(lost.report().stack_trace().empty());
}

TEST_P(Refused, only_the_element_that_tried_is_lost) {
  Pool pool(within(Sandbox::compute, 2));
  const auto opens_at_seven = [](int x) { return x == 7 ? ::open("/etc/passwd", O_RDONLY) : x; };
  const auto outcomes = pool.try_map(opens_at_seven, {5, 6, 7, 8, 9});
  EXPECT_THROW(outcomes.at(2).value(), WorkerLost);
  EXPECT_EQ(outcomes.at(1).value() + outcomes.at(3).value(), 14);
}

TEST_P(Refused, the_sandbox_cannot_be_taken_off) {
  Pool pool = make_pool();
  const auto tries = [](int) {
    if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0) return 1;
    if (::prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0) return 2;
    if (::prctl(PR_SET_DUMPABLE, 0) == 0) return 3;
    rlimit more{RLIM_INFINITY, RLIM_INFINITY};
    if (::setrlimit(RLIMIT_CORE, &more) == 0) return 4;
    return 0;
  };
  EXPECT_EQ(pool.apply(tries, 0), 0);
}

TEST_P(Refused, a_handler_of_the_tasks_is_not_taken) {
  Pool pool = make_pool();
  const auto handles = [](int) {
    return std::signal(SIGSYS, SIG_IGN) == SIG_ERR && errno == EPERM ? 1 : 0;
  };
  EXPECT_EQ(pool.apply(handles, 0), 1);
}

TEST_P(Refused, a_task_that_blocks_the_signal_dies_too) {
  Pool pool = make_pool();
  const auto blocks = [](int) {
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, nullptr);
    return ::open("/etc/passwd", O_RDONLY);
  };
  const auto lost = caught<WorkerLost>([&] { pool.apply(blocks, 0); });
  EXPECT_EQ(lost.signal(), SIGSYS);
  EXPECT_EQ(lost.report().cause, CrashReport::Cause::refused_call);
  EXPECT_TRUE(contains(lost.what(), "the sandbox refused a system call")) << lost.what();
}

#ifdef __x86_64__
TEST_P(Refused, the_calls_of_32_bit_programs_are_refused) {
  Pool pool = make_pool();
  const auto asks_for_its_pid = [](int) {
    int result = 20;  // getpid
    asm volatile("int $0x80" : "+a"(result)::"memory");
    return result;
  };
  const auto lost = caught<WorkerLost>([&] { pool.apply(asks_for_its_pid, 0); });
  EXPECT_TRUE(lost.signal() == SIGSYS || lost.signal() == SIGSEGV) << lost.what();
}

TEST_P(Refused, the_calls_of_the_x32_kind_are_refused) {
  Pool pool = make_pool();
  const auto writes = [](int) { return ::syscall(0x4000'0000 + SYS_write, 1, "", 0); };
  EXPECT_EQ(refused([&] { pool.apply(writes, 0); }), "");
}
#endif

TEST_P(Refused, there_is_no_socket_to_the_fork_server) {
  const auto has_server_socket = [](int) {
    return ::fcntl(start::server_socket_descriptor, F_GETFD) != -1;
  };
  Pool outside = Pool(options(1));
  EXPECT_EQ(outside.apply(has_server_socket, 0), method() == "forkserver");
  EXPECT_FALSE(make_pool().apply(has_server_socket, 0));
}

TEST_P(Refused, no_processes_are_started_from_there) {
  Pool pool = make_pool();
  const auto makes_a_pool = [](const std::string& method) {
    Pool inner({.workers = 1, .start_method = method});
    return inner.apply(square, 3);
  };
  const auto makes_a_process = [](const std::string& method) {
    Process inner({.start_method = method}, pid_here);
    inner.start();
    return 1;
  };
  for (const std::string& inner : start_methods()) {
    const auto error = caught<UsageError>([&] { pool.apply(makes_a_pool, inner); });
    EXPECT_TRUE(contains(error.what(), "a worker in a sandbox")) << error.what();
    EXPECT_THROW(pool.apply(makes_a_process, inner), UsageError);
  }
  const auto makes_a_manager = [](int) {
    Manager inner;
    return 1;
  };
  EXPECT_THROW(pool.apply(makes_a_manager, 0), UsageError);
}

TEST_P(Refused, a_report_survives_the_way_through_another_process) {
  const auto asks_another = [](const std::string& with) {
    Pool inner({.workers = 1, .start_method = with, .sandbox = Sandbox::compute});
    return inner.apply([](int) { return ::open("/etc/passwd", O_RDONLY); }, 0);
  };
  Pool pool(options(1));
  EXPECT_EQ(refused([&] { pool.apply(asks_another, method()); }), "openat");
}

}  // namespace
}  // namespace brood::testing::refused_test

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <string>

#include "pool/pool_fixture.hpp"
#include "support/in_child.hpp"

// An owner whose signals the system refuses: every wait still ends.
namespace brood::testing::signals_test {
namespace {

class Signals : public PoolTest {
 protected:
  void SetUp() override {
    PoolTest::SetUp();
    if (under_sanitizer) GTEST_SKIP() << "a forked copy of a sanitized program makes pools";
    expect_orphans();
  }
};
BROOD_FOR_EVERY_METHOD(Signals);

/// For this thread and all that it will start: pidfd_send_signal(2) fails with `error`.
void refuse_signals_by_descriptor(int error) {
  const std::array<sock_filter, 4> program{
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_send_signal, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog filter{static_cast<unsigned short>(program.size()),
                          const_cast<sock_filter*>(program.data())};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
    throw std::runtime_error("no seccomp filter");
}

int waits_for_ever() {
  for (;;) ::pause();
}
int ignores_sigterm() {
  std::signal(SIGTERM, SIG_IGN);
  return waits_for_ever();
}

/// Everything that ends a worker, while the owner lives; the number of the step that failed.
int end_workers_in_every_way(Pool& pool) {
  if (pool.apply(square, 3) != 9) return 1;
  try {
    pool.with({.timeout = 100ms}).apply(ignores_sigterm);
    return 2;
  } catch (const TaskTimeout&) {
  }
  if (pool.apply(square, 4) != 16) return 3;
  AsyncResult<int> busy = pool.apply_async(waits_for_ever);
  AsyncResult<int> stubborn = pool.apply_async(ignores_sigterm);
  pool.terminate();
  if (!pool.join_for(20s)) return 4;
  return 0;
}

int use_pools(const std::string& method) {
  {
    Pool pool({.workers = 2, .start_method = method});
    if (const int step = end_workers_in_every_way(pool); step != 0) return step;
  }
  {
    Pool pool({.workers = 2, .start_method = method});  // ended by its destructor
    AsyncResult<int> busy = pool.apply_async(ignores_sigterm);
    if (pool.apply(square, 3) != 9) return 5;
  }
  start::drop_forkserver();
  return children_of("self").empty() ? 0 : 6;
}

TEST_P(Signals, refused_by_a_filter_are_sent_by_pid) {
  for (const int error : {EPERM, ENOSYS}) {
    EXPECT_EQ(in_child([&] {
                refuse_signals_by_descriptor(error);
                return use_pools(method());
              }),
              0);
  }
}

TEST_P(Signals, refused_by_a_filter_are_sent_by_pid_to_a_process) {
  if (method() == "fork") GTEST_SKIP() << "the copy of a copy";
  EXPECT_EQ(in_child([&] {
              refuse_signals_by_descriptor(EPERM);
              Process process({.start_method = method()}, ignores_sigterm);
              process.start();
              process.kill();
              return process.join_for(20s) ? 0 : 1;
            }),
            0);
}

}  // namespace
}  // namespace brood::testing::signals_test

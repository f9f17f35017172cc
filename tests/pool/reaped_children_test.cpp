#include <sys/wait.h>

#include <cerrno>
#include <csignal>

#include "pool/pool_fixture.hpp"
#include "support/in_child.hpp"
#include "victims/tasks.hpp"

// Programs in which something other than the library waits for every child, so that the exit status
// of a worker may be lost: what the worker has said of its end counts.
namespace brood::testing {
namespace {

class ReapedChildren : public PoolTest {
 protected:
  void SetUp() override {
    PoolTest::SetUp();
    expect_orphans();  // the child leaves without its helpers
    if (sanitizer_handles_faults()) GTEST_SKIP() << "the sanitizer exits instead";
  }
  /// 0 where both deaths are told.
  int deaths_in_a_program_that(void (*changes)()) const {
    return in_child([&] {
      changes();
      Pool pool = make_pool(1);
      const WorkerLost crashed = caught<WorkerLost>([&] { pool.apply(victims::segfaults, 0); });
      if (crashed.signal() != SIGSEGV) return 1;
      if (crashed.report().cause != CrashReport::Cause::crashed) return 2;
      const WorkerLost ended = caught<WorkerLost>([&] { pool.apply(victims::exits, 7); });
      if (ended.exit_code() != 7) return 3;
      return ended.report().cause == CrashReport::Cause::exited ? 0 : 4;
    });
  }
};
BROOD_FOR_EVERY_METHOD(ReapedChildren);

TEST_P(ReapedChildren, of_a_program_that_ignores_sigchld_tell_how_they_ended) {
  EXPECT_EQ(deaths_in_a_program_that([] { std::signal(SIGCHLD, SIG_IGN); }), 0);
}

TEST_P(ReapedChildren, of_a_program_whose_handler_reaps_them_tell_how_they_ended) {
  EXPECT_EQ(deaths_in_a_program_that([] {
              std::signal(SIGCHLD, [](int) {
                const int error = errno;
                while (::waitpid(-1, nullptr, WNOHANG) > 0) {
                }
                errno = error;
              });
            }),
            0);
}

}  // namespace
}  // namespace brood::testing

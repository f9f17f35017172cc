#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <numeric>
#include <thread>
#include <vector>

#include "pool/pool_fixture.hpp"
#include "support/in_child.hpp"
#include "victims/tasks.hpp"

// Programs in which something other than the library waits for every child, so that the exit status
// of a worker may be lost: what the worker has said of its end counts.
namespace brood::testing::reaped_children_test {
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

void reap_every_child_in_a_thread() {
  std::thread([] {
    for (;;) {
      if (::waitpid(-1, nullptr, 0) < 0) std::this_thread::yield();
    }
  }).detach();
}

TEST_P(ReapedChildren, of_a_program_whose_thread_reaps_them_tell_how_they_ended) {
  EXPECT_EQ(deaths_in_a_program_that(reap_every_child_in_a_thread), 0);
}

int raises_sigkill(int) { return ::raise(SIGKILL); }

/// A worker that is killed leaves no last words. A server that is its parent tells the signal;
/// else the thread may have had the status, and then nothing is known.
bool tells_what_it_can(const WorkerLost& lost, const std::string& method) {
  if (lost.signal() == SIGKILL) return lost.report().cause != CrashReport::Cause::unknown;
  return method == "spawn" && lost.status().kind == ExitStatus::Kind::lost &&
         lost.report().cause == CrashReport::Cause::unknown;
}

/// Each worker has one task, so that many end; 0 where all is well.
int use_a_pool_beside_a_reaper(PoolOptions options) {
  reap_every_child_in_a_thread();
  options.max_tasks_per_worker = 1;
  Pool pool(options);
  std::vector<int> numbers(20);
  std::iota(numbers.begin(), numbers.end(), 0);
  const std::vector<int> squares = pool.map(square, numbers);
  for (const int number : numbers) {
    if (squares.at(static_cast<std::size_t>(number)) != number * number) return 1;
  }
  for (int i = 0; i < 3; ++i) {
    const WorkerLost killed = caught<WorkerLost>([&] { pool.apply(raises_sigkill, 0); });
    if (!tells_what_it_can(killed, options.start_method.name())) return 2;
    if (pool.apply(square, 3) != 9) return 3;
  }
  pool.close();
  return pool.join_for(patience) ? 0 : 4;
}

TEST_P(ReapedChildren, of_a_program_whose_thread_reaps_them_work_and_are_replaced) {
  EXPECT_EQ(in_child([&] {
              const int step = use_a_pool_beside_a_reaper(options(2));
              start::drop_forkserver();
              return step;
            }),
            0);
}

int ends_a_busy_pool(PoolOptions options) {
  reap_every_child_in_a_thread();
  Pool pool(options);
  AsyncResult<int> busy = pool.apply_async(victims::ignores_sigterm);
  if (pool.apply(square, 3) != 9) return 1;
  pool.terminate();
  if (!pool.join_for(patience)) return 2;
  caught<Cancelled>([&] { busy.get(); });
  return 0;
}

TEST_P(ReapedChildren, of_a_program_whose_thread_reaps_them_are_terminated) {
  EXPECT_EQ(in_child([&] {
              const int step = ends_a_busy_pool(options(2));
              start::drop_forkserver();
              return step;
            }),
            0);
}

}  // namespace
}  // namespace brood::testing::reaped_children_test

// A pool in the first process of a container, which becomes the parent of every orphan in it.
#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <vector>

#include <brood/manager.hpp>
#include "pool/pool_fixture.hpp"
#include "support/in_child.hpp"

namespace brood::testing::pid_one_test {
namespace {

constexpr int not_permitted = 77;

/// Runs `body` as process 1 of a pid namespace of its own.
template <class Body>
int as_process_one(Body body) {
  return in_child([&] {
    if (::unshare(CLONE_NEWPID | CLONE_NEWNS) != 0 &&
        ::unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS) != 0)
      return not_permitted;
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return not_permitted;
    return in_child([&] {
      if (::mount("proc", "/proc", "proc", 0, nullptr) != 0) return not_permitted;
      return ::getpid() == 1 ? body() : 99;
    });
  });
}

int killed_here(int) { return ::raise(SIGKILL); }

/// Leaves a process behind that no other waits for; it ends with the code 7.
int leave_an_orphan() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(7);
  return child;
}

/// What this process is the parent of by now, with exit codes.
std::vector<int> reaped_codes() {
  std::vector<int> codes;
  int status = 0;
  while (::waitpid(-1, &status, 0) > 0)
    codes.push_back(WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
  return codes;
}

class ProcessOne : public PoolTest {};
BROOD_FOR_EVERY_METHOD(ProcessOne);

TEST_P(ProcessOne, has_a_pool_that_works_reports_deaths_and_ends) {
  const int result = as_process_one([this] {
    Pool pool(options(2));
    if (pool.map(square, {1, 2, 3}) != std::vector<int>{1, 4, 9}) return 1;
    if (caught<WorkerLost>([&] { pool.apply(killed_here, 1); }).signal() != SIGKILL) return 2;
    if (pool.apply(square, 5) != 25) return 3;
    const auto before = std::chrono::steady_clock::now();
    pool.terminate();
    pool.join();
    return std::chrono::steady_clock::now() - before < 20s ? 0 : 4;
  });
  if (result == not_permitted) GTEST_SKIP() << "may not make a pid namespace";
  EXPECT_EQ(result, 0);
}

// A library cannot reap them: waitpid(-1) would take the exit codes of the program's own children.
// That is what an init process is for (docker run --init).
TEST_P(ProcessOne, keeps_orphans_of_tasks_for_the_program_to_reap) {
  const int result = as_process_one([this] {
    {
      Pool pool(options(1));
      pool.apply(leave_an_orphan);
      if (pool.apply(square, 5) != 25) return 1;
    }
    start::drop_forkserver();
    const std::vector<int> codes = reaped_codes();
    return std::count(codes.begin(), codes.end(), 7) == 1 ? 0 : 2;
  });
  if (result == not_permitted) GTEST_SKIP() << "may not make a pid namespace";
  EXPECT_EQ(result, 0);
}

TEST_P(ProcessOne, has_a_manager_and_a_process_too) {
  const int result = as_process_one([this] {
    const Manager manager({.start_method = method()});
    const auto list = manager.list<int>();
    Process process(
        {.start_method = method()}, [](ManagedList<int> all) { all.push_back(3); }, list);
    process.start();
    process.join();
    return process.exit_code() == 0 && list.at(0) == 3 ? 0 : 1;
  });
  if (result == not_permitted) GTEST_SKIP() << "may not make a pid namespace";
  EXPECT_EQ(result, 0);
}

}  // namespace
}  // namespace brood::testing::pid_one_test

#include <unistd.h>

#include <future>
#include <numeric>
#include <set>

#include "platform/copies.hpp"
#include "pool/pool_fixture.hpp"
#include "support/log_catcher.hpp"

// Processes that the user's code forks, and that come back from it.
namespace brood::testing::copies_test {
namespace {

/// What they leave are zombies of a worker's, and then ours.
class Copies : public PoolTest {
 protected:
  void SetUp() override {
    PoolTest::SetUp();
    expect_orphans();
  }
};
BROOD_FOR_EVERY_METHOD(Copies);

std::vector<int> numbers(int count) {
  std::vector<int> made(static_cast<std::size_t>(count));
  std::iota(made.begin(), made.end(), 0);
  return made;
}

int forks_and_both_return(int x) {
  const pid_t child = ::fork();
  if (child == 0) return x + 1000;
  return end_of(child) == platform::exit_copy ? x : -1;
}

// What runs a later element is no worker.
int forks_and_knows_copies(int x) {
  static const pid_t worker = ::getpid();
  if (::getpid() != worker) ::_exit(9);
  const pid_t child = ::fork();
  if (child == 0) return x + 1000;
  return end_of(child) == platform::exit_copy ? x : -1;
}

int forks_and_forgets(int x) { return ::fork() == 0 ? x + 1000 : x; }

int fails_to_execute(int x) {
  const pid_t child = ::fork();
  if (child == 0) {
    char name[] = "/nonexistent/program";
    char* arguments[] = {name, nullptr};
    ::execvp(name, arguments);
    throw std::runtime_error("no such program");
  }
  return end_of(child) == platform::exit_copy ? x : -1;
}

int exits_in_the_copy(int x) {
  const pid_t child = ::fork();
  if (child == 0) std::exit(7);
  return end_of(child) == 7 ? x : -1;
}

std::string large_text(int x) {
  return ::fork() == 0 ? std::string(std::size_t{1} << 20, '?') : std::to_string(x);
}

TEST_P(Copies, that_come_back_from_a_task_end_and_change_no_result) {
  const LogCatcher log;
  Pool pool = make_pool(2);
  EXPECT_EQ(pool.map(forks_and_both_return, numbers(40)), numbers(40));
  EXPECT_EQ(pool.map(forks_and_forgets, numbers(40)), numbers(40));
  EXPECT_EQ(pool.map(fails_to_execute, numbers(20)), numbers(20));
  EXPECT_EQ(pool.map(exits_in_the_copy, numbers(20)), numbers(20));
  for (const int x : numbers(20)) EXPECT_EQ(pool.apply(forks_and_both_return, x), x);
  EXPECT_TRUE(log.wait_for("came back"));
}

TEST_P(Copies, run_no_later_element_of_the_same_chunk) {
  Pool pool = make_pool(1);
  EXPECT_EQ(pool.with({.chunk = 5}).map(forks_and_knows_copies, numbers(10)), numbers(10));
  const auto sum = [](int a, int b) { return a + b; };
  EXPECT_EQ(pool.with({.chunk = 5}).map_reduce(forks_and_knows_copies, numbers(10), sum, 0), 45);
}

TEST_P(Copies, that_come_back_with_a_large_result_change_no_result) {
  Pool pool = make_pool(2);
  const std::vector<std::string> found = pool.map(large_text, numbers(20));
  for (const int x : numbers(20)) EXPECT_EQ(found[static_cast<std::size_t>(x)], std::to_string(x));
}

TEST_P(Copies, run_no_later_task) {
  Pool pool = make_pool(2);
  std::set<int> workers;
  for (const WorkerInfo& worker : pool.workers()) workers.insert(worker.pid);
  pool.map(forks_and_forgets, numbers(20));
  for (const int pid : pool.map([](int) { return pid_here(); }, numbers(200)))
    EXPECT_TRUE(workers.contains(pid)) << pid;
}

TEST_P(Copies, of_an_initializer_serve_no_task) {
  PoolOptions forking = options(2);
  forking.initializer = Call([] { static_cast<void>(::fork()); });
  Pool pool(forking);
  std::set<int> workers;
  for (const WorkerInfo& worker : pool.workers()) workers.insert(worker.pid);
  for (const int pid : pool.map([](int) { return pid_here(); }, numbers(200)))
    EXPECT_TRUE(workers.contains(pid)) << pid;
}

TEST_P(Copies, that_stay_hold_up_no_end_of_the_pool) {
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  {
    Pool pool = make_pool(2);
    const auto stays = [](const std::string& at, int x) {
      if (::fork() != 0) return x;
      Gate::pass(at);
      ::_exit(0);
    };
    EXPECT_EQ(pool.map(task(stays, gate.path()), numbers(4)), numbers(4));
    pool.close();
    EXPECT_TRUE(pool.join_for(patience));
  }
  gate.open();
}

TEST_P(Copies, that_come_back_from_a_callback_end) {
  Pool pool = make_pool(1);
  std::promise<int> end;
  AsyncResult<int> result = pool.apply_async(square, 3);
  result.on_success([&end](const int&) {
    const pid_t child = ::fork();
    if (child != 0) end.set_value(end_of(child));
  });
  EXPECT_EQ(end.get_future().get(), platform::exit_copy);
  EXPECT_EQ(pool.apply(square, 4), 16);
}

TEST_P(Copies, that_come_back_from_a_process_end_and_leave_its_exit_code) {
  const Scratch scratch;
  const auto forks = [](const std::string& path) {
    const pid_t child = ::fork();
    if (child != 0) append_line(path, std::to_string(end_of(child)));
  };
  Process process({.start_method = method()}, forks, scratch.path("ends"));
  process.start();
  ASSERT_TRUE(process.join_for(patience));
  EXPECT_EQ(process.exit_code(), 0);
  EXPECT_EQ(lines_of(scratch.path("ends")),
            std::vector<std::string>{std::to_string(platform::exit_copy)});
}

using CopiesOfHooks = PoolCheck;
TEST_F(CopiesOfHooks, start_no_second_server) {
  expect_orphans();
  set_forkserver_preload({Call([] { static_cast<void>(::fork()); })});
  {
    Pool pool({.workers = 2, .start_method = "forkserver"});
    EXPECT_EQ(pool.map(square, {1, 2, 3}), (std::vector{1, 4, 9}));
  }
  set_forkserver_preload({});
}

}  // namespace
}  // namespace brood::testing::copies_test

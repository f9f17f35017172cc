#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <iostream>
#include <memory>
#include <thread>

#include <spdlog/spdlog.h>

#include "output/output_fixture.hpp"
#include "support/log_catcher.hpp"

// Output beside what else a pool does.
namespace brood::testing::other_test {
namespace {

class OutputBeside : public OutputTest {};
BROOD_FOR_EVERY_METHOD(OutputBeside);

int says(int x) {
  std::printf("element %d\n", x);
  std::cerr << "error " << x << '\n';
  return x;
}
std::string said(int x) {
  return "element " + std::to_string(x) + "\nerror " + std::to_string(x) + "\n";
}

[[noreturn]] int says_and_dies(int x) {
  says(x);
  std::raise(SIGKILL);
  ::_exit(1);
}

TEST_P(OutputBeside, a_sandbox_captures_prefixes_and_survives_a_death) {
  if (under_sanitizer) GTEST_SKIP() << "the sanitizer's runtime makes calls of its own";
  PoolOptions made = options(1);
  made.sandbox = Sandbox::compute;
  Pool pool(made);
  for (int round = 0; round < 2; ++round) {
    for (const auto& outcome : pool.with(capturing()).try_map(says, std::vector<int>{0, 1, 2})) {
      ASSERT_TRUE(outcome) << describe(outcome.error());
      EXPECT_EQ(outcome.output(), said(outcome.value()));
    }
    const auto lost = caught<WorkerLost>([&] { pool.with(capturing()).apply(says_and_dies, 7); });
    EXPECT_EQ(lost.output(), said(7));
  }
  std::vector<std::string> lines;
  {
    const InFile out(STDOUT_FILENO), err(STDERR_FILENO);
    pool.with(prefixing()).map(says, std::vector<int>{0, 1, 2});
    lines = out.lines();
    for (const std::string& line : err.lines()) lines.push_back(line);
  }
  EXPECT_EQ(lines.size(), 6u);
}

TEST_P(OutputBeside, a_sandbox_with_shared_objects_captures) {
  if (under_sanitizer) GTEST_SKIP() << "the sanitizer's runtime makes calls of its own";
  PoolOptions made = options(1);
  made.sandbox = Sandbox::compute.allow_shared_objects().allow_threads();
  Pool pool(made);
  const auto outcomes = pool.with(capturing()).try_map(says, std::vector<int>{0, 1, 2});
  for (const auto& outcome : outcomes) EXPECT_EQ(outcome.output(), said(outcome.value()));
}

int logs_and_says(int x) {
  spdlog::error("logged {}", x);
  return says(x);
}

TEST_P(OutputBeside, log_records_go_their_own_way) {
  const LogCatcher log;
  Pool pool = make_pool(1);
  EXPECT_EQ(pool.with(capturing()).try_map(logs_and_says, std::vector<int>{5})[0].output(),
            said(5));
  EXPECT_TRUE(log.wait_for("logged 5"));
}

void allows_no_files() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_FSIZE, &none);
}

TEST_P(OutputBeside, limits_of_file_size_and_of_descriptors_are_none_of_its) {
  PoolOptions made = options(1);
  made.limits.open_files = 24;
  made.initializer = task(allows_no_files);
  Pool pool(made);
  const auto outcomes = pool.with(capturing()).try_map(says, std::vector<int>(50, 3));
  for (const auto& outcome : outcomes) EXPECT_EQ(outcome.output(), said(3));
}

class Starts {
 public:
  explicit Starts(int x) : x_(x) { says(x); }
  int x_;
};
int adds_state(Starts& state, int x) { return says(state.x_ + x); }

TEST_P(OutputBeside, what_a_worker_says_before_its_tasks_is_of_none) {
  PoolOptions made = options(1);
  made.state = brood::state<Starts>(100);
  Pool pool(made);
  EXPECT_EQ(pool.with(capturing()).try_map(adds_state, std::vector<int>{5})[0].output(), said(105));
}

int starts_a_pool(int x) {
  Pool inner({.workers = 1, .start_method = "spawn"});
  std::printf("%s", inner.with({.output = Output::capture})
                        .try_map(says, std::vector<int>{x})[0]
                        .output()
                        .c_str());
  inner.apply(says, x + 1);
  return x;
}

TEST_P(OutputBeside, a_pool_in_a_task_writes_for_the_task) {
  Pool pool = make_pool(1);
  const auto outcomes = pool.with(capturing()).try_map(starts_a_pool, std::vector<int>{1});
  ASSERT_TRUE(outcomes[0]) << describe(outcomes[0].error());
  EXPECT_EQ(outcomes[0].output(), said(1) + said(2));
}

int writes_for_ever(Event begun) {
  for (;;) {
    says(1);
    begun.set();
  }
}

TEST_P(OutputBeside, terminate_ends_an_element_that_writes_for_ever) {
  for (const CallOptions& how : {capturing(), prefixing()}) {
    const InFile out(STDOUT_FILENO), err(STDERR_FILENO);
    Pool pool = make_pool(2);
    Event begun;
    auto result = pool.with(how).apply_async(writes_for_ever, begun);
    begun.wait();
    pool.terminate();
    pool.join();
    EXPECT_THROW(result.get(), Cancelled);
  }
}

TEST_P(OutputBeside, workers_that_are_replaced_go_on_capturing) {
  PoolOptions made = options(2);
  made.max_tasks_per_worker = 3;
  Pool pool(made);
  const auto outcomes = pool.with(capturing()).try_map(says, std::vector<int>(40, 2));
  for (const auto& outcome : outcomes) EXPECT_EQ(outcome.output(), said(2));
}

TEST_P(OutputBeside, a_program_without_descriptors_runs_its_tasks_all_the_same) {
  const LogCatcher log;
  Pool pool = make_pool(1);
  pool.apply(says, 0);
  const InFile out(STDOUT_FILENO), err(STDERR_FILENO);
  std::vector<int> taken;
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit few{64, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &few);
  for (int number; (number = ::dup(0)) >= 0;) taken.push_back(number);
  const auto outcomes = pool.with(capturing()).try_map(says, std::vector<int>{4});
  for (const int number : taken) ::close(number);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(outcomes[0].value(), 4);
  EXPECT_EQ(outcomes[0].output(), "");
  EXPECT_EQ(pool.with(capturing()).try_map(says, std::vector<int>{4})[0].output(), said(4));
  EXPECT_TRUE(log.wait_for("goes to its own stdout and stderr"));
}

}  // namespace
}  // namespace brood::testing::other_test

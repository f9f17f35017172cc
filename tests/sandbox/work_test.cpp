#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <numeric>
#include <random>

#include "sandbox/sandbox_fixture.hpp"
#include "support/log_catcher.hpp"
#include "support/program.hpp"
#include "victims/tasks.hpp"

// What a worker does in a sandbox as outside.
namespace brood::testing::work_test {
namespace {

class WorkInASandbox : public SandboxTest {};
BROOD_FOR_EVERY_METHOD(WorkInASandbox);

int throws_out_of_range(int x) { throw std::out_of_range("no element " + std::to_string(x)); }
std::vector<double> doubled(std::vector<double> values) {
  for (double& value : values) value *= 2;
  return values;
}
int logs_and_prints(int x) {
  spdlog::warn("seen {}", x);
  std::cout << "printed in a sandbox" << std::endl;
  return x;
}
int loaded = 0;
void load() {
  std::ifstream file("/proc/self/status");
  loaded = file ? 42 : 0;
}

TEST_P(WorkInASandbox, every_verb_gives_its_results) {
  Pool pool(within(Sandbox::compute, 2));
  EXPECT_EQ(pool.apply(square, 7), 49);
  std::vector<int> numbers(1000);
  std::iota(numbers.begin(), numbers.end(), 0);
  const std::vector<int> squares = pool.map(square, numbers);
  EXPECT_EQ(squares.at(999), 998001);
  EXPECT_EQ(pool.map_reduce(square, {1, 2, 3}, std::plus<>(), 0), 14);
  EXPECT_EQ(pool.apply_async(square, 3).get(), 9);
}

// The library's own descriptors lie beyond the limit.
TEST_P(WorkInASandbox, a_small_limit_of_open_files_is_no_hindrance) {
  PoolOptions options = within(Sandbox::compute);
  options.limits.open_files = 64;
  Pool pool(options);
  EXPECT_EQ(pool.apply(square, 7), 49);
}

TEST_P(WorkInASandbox, exceptions_come_home) {
  Pool pool = make_pool();
  for (int i = 0; i < 3; ++i) {
    EXPECT_THROW(pool.apply(throws_out_of_range, i), std::out_of_range);
  }
}

TEST_P(WorkInASandbox, large_arguments_and_results_travel) {
  Pool pool = make_pool();
  const std::vector<double> values(std::size_t{1} << 20, 1.5);
  EXPECT_EQ(pool.apply(doubled, values), std::vector<double>(values.size(), 3.0));
}

TEST_P(WorkInASandbox, an_element_that_takes_too_long_is_stopped) {
  Pool pool = make_pool();
  EXPECT_THROW(pool.with({.timeout = 200ms}).apply(victims::burns, 0), TaskTimeout);
  EXPECT_EQ(pool.apply(square, 2), 4);
}

TEST_P(WorkInASandbox, log_records_come_home) {
  const LogCatcher log;
  Pool pool = make_pool();
  EXPECT_EQ(pool.apply(logs_and_prints, 5), 5);
  EXPECT_TRUE(log.wait_for("seen 5"));
}

TEST_P(WorkInASandbox, a_crash_tells_where_and_how_much_memory_it_had) {
  Pool pool = make_pool();
  const auto lost = caught<WorkerLost>([&] { pool.apply(victims::segfaults, 3); });
  EXPECT_EQ(lost.report().cause, CrashReport::Cause::crashed);
  EXPECT_EQ(lost.signal(), SIGSEGV);
  EXPECT_EQ(lost.report().address, std::uintptr_t{12});
  EXPECT_TRUE(contains(lost.report().stack_trace(), "segfaults")) << lost.report().stack_trace();
  EXPECT_GT(lost.report().peak_resident, 0U);
  EXPECT_EQ(caught<WorkerLost>([&] { pool.apply(victims::aborts, 0); }).signal(), SIGABRT);
  EXPECT_EQ(caught<WorkerLost>([&] { pool.apply(victims::overflows_the_stack, 0); }).signal(),
            SIGSEGV);
  EXPECT_EQ(pool.apply(square, 2), 4);
}

TEST_P(WorkInASandbox, the_initializer_runs_outside_in_each_replacement_too) {
  PoolOptions made = within(Sandbox::compute);
  made.initializer = [] { load(); };
  Pool pool(std::move(made));
  const auto what_is_loaded = [](int) { return loaded; };
  EXPECT_EQ(pool.apply(what_is_loaded, 0), 42);
  EXPECT_THROW(pool.apply(victims::aborts, 0), WorkerLost);
  EXPECT_EQ(pool.apply(what_is_loaded, 0), 42);
}

TEST_P(WorkInASandbox, what_the_runtime_asks_of_the_system_works) {
  Pool pool = make_pool();
  const auto asks = [](int) {
    std::random_device device;
    volatile auto number = device();
    static_cast<void>(number);
    const auto block = std::make_unique<std::vector<char>>(std::size_t{64} << 20, 'x');
    std::string grown;
    for (int i = 0; i < 1'000'000; ++i) grown += 'x';
    rlimit limit{};
    return block->back() == 'x' && ::getrlimit(RLIMIT_STACK, &limit) == 0 &&
           std::getenv("HOME") == nullptr;
  };
  EXPECT_TRUE(pool.apply(asks, 0));
}

TEST_P(WorkInASandbox, exit_hooks_run_when_the_pool_closes) {
  const LogCatcher log;
  PoolOptions made = within(Sandbox::compute);
  made.initializer = [] { at_worker_exit([] { spdlog::warn("left in order"); }); };
  Pool pool(std::move(made));
  EXPECT_EQ(pool.apply(square, 2), 4);
  pool.close();
  pool.join();
  EXPECT_TRUE(log.wait_for("left in order"));
}

TEST_P(WorkInASandbox, limits_hold) {
  PoolOptions made = within(Sandbox::compute);
  made.limits = {.resident = 1};
  Pool pool(std::move(made));
  const int first = pool.apply(pid_here);
  EXPECT_NE(pool.apply(pid_here), first) << "a worker beyond limits.resident was not replaced";
}

TEST_P(WorkInASandbox, the_environment_is_gone) {
  ::setenv("BROOD_TEST_SECRET", "seventeen", 1);
  Pool pool = make_pool();
  const auto variable = [](const std::string& name) {
    const char* const value = std::getenv(name.c_str());
    return std::string(value == nullptr ? "" : value);
  };
  EXPECT_EQ(pool.apply(variable, std::string("BROOD_TEST_SECRET")), "");
  ::setenv("LC_BROOD_TEST", "kept", 1);
  Pool other = make_pool();
  if (method() != "forkserver") {
    EXPECT_EQ(other.apply(variable, std::string("LC_BROOD_TEST")), "kept");
  }
  std::ifstream file("/proc/" + std::to_string(pool.apply(pid_here)) + "/environ");
  const std::string block{std::istreambuf_iterator<char>(file), {}};
  EXPECT_FALSE(contains(block, "seventeen"));
  ::unsetenv("BROOD_TEST_SECRET");
  ::unsetenv("LC_BROOD_TEST");
}

TEST_P(WorkInASandbox, a_worker_ends_with_its_owner) {
  // The watch on the owner is a thread that the sandbox has started anew.
  expect_orphans();
  const Scratch scratch;
  Program owner({victim("owner"), method(), "sandboxed", scratch.path("")});
  std::vector<Watched> below = watched_by_lines(owner);
  EXPECT_GE(below.size(), 2U);
  owner.kill(SIGKILL);
  EXPECT_EQ(owner.wait(), -SIGKILL);
  EXPECT_EQ(left_after(below, patience), std::vector<int>{});
}

}  // namespace
}  // namespace brood::testing::work_test

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <memory>

#include "pool/pool_fixture.hpp"
#include "start/entry.hpp"
#include "support/program.hpp"
#include "victims/tasks.hpp"

namespace brood::testing::limits_test {
namespace {

class LimitsOfWorkers : public PoolTest {};
BROOD_FOR_EVERY_METHOD(LimitsOfWorkers);

std::uint64_t limit_here(int resource) {
  rlimit limit{};
  ::getrlimit(static_cast<__rlimit_resource>(resource), &limit);
  return limit.rlim_cur;
}
int burns() {
  for (;;) static_cast<void>(std::clock());
}
std::size_t keeps(std::size_t bytes) {
  static std::string kept;
  kept.append(bytes, 'x');
  return kept.size();
}

TEST_P(LimitsOfWorkers, are_set_in_the_worker_and_not_in_the_owner) {
  if (under_address_sanitizer) GTEST_SKIP() << "the sanitizer's shadow is larger than the limit";
  PoolOptions made = options(1);
  made.limits = {.address_space = 4_GiB, .cpu_time = 1500ms, .open_files = 64, .core_size = 0};
  Pool pool(made);
  EXPECT_EQ(pool.apply(limit_here, static_cast<int>(RLIMIT_AS)), 4_GiB);
  EXPECT_EQ(pool.apply(limit_here, static_cast<int>(RLIMIT_CPU)), 2U);
  EXPECT_EQ(pool.apply(limit_here, static_cast<int>(RLIMIT_NOFILE)), 64U);
  EXPECT_EQ(pool.apply(limit_here, static_cast<int>(RLIMIT_CORE)), 0U);
  EXPECT_NE(limit_here(RLIMIT_AS), 4_GiB);
}

std::size_t size_of(const std::string& text) { return text.size(); }

TEST_P(LimitsOfWorkers, of_addresses_are_named_where_an_argument_finds_no_room) {
  if (under_sanitizer) GTEST_SKIP() << "a sanitizer cannot live with a limit of address space";
  PoolOptions made = options(1);
  made.limits.address_space = 512_MiB;
  Pool pool(made);
  const std::string large(std::size_t{600} << 20, 'x');
  const int pid = pool.apply(pid_here);
  const auto refused = caught<CodecError>([&] { pool.apply(size_of, large); });
  EXPECT_TRUE(contains(refused.what(), "limits.address_space")) << refused.what();
  // What had not been sent of the argument by then is dropped by the worker, which goes on.
  EXPECT_EQ(pool.apply(pid_here), pid);
}

TEST_P(LimitsOfWorkers, cpu_time_ends_a_task_that_computes_for_ever) {
  PoolOptions made = options(1);
  made.limits.cpu_time = 1s;
  Pool pool(made);
  const auto lost = caught<WorkerLost>([&] { pool.apply(burns); });
  EXPECT_TRUE(lost.signal() == SIGXCPU || lost.signal() == SIGKILL) << lost.what();
  EXPECT_EQ(pool.apply(square, 3), 9);
}

TEST_P(LimitsOfWorkers, resident_memory_above_the_limit_replaces_the_worker_after_its_task) {
  if (under_sanitizer) GTEST_SKIP() << "a sanitizer has memory of its own";
  PoolOptions made = options(1);
  made.limits.resident = 100_MiB;
  Pool pool(made);
  const int pid = pool.apply(pid_here);
  EXPECT_EQ(pool.apply(pid_here), pid);
  EXPECT_EQ(pool.apply(keeps, std::size_t{200} << 20), std::size_t{200} << 20);
  const Watched worker(pid);
  EXPECT_TRUE(worker.ends_within(patience));
  EXPECT_NE(pool.apply(pid_here), pid);
}

std::size_t keeps_and_waits(std::size_t bytes) {
  std::string kept(bytes, 'x');
  const char* volatile seen = kept.data();  // else a compiler may do without the memory
  while (seen != nullptr) ::pause();
  return kept.size();
}

TEST_P(LimitsOfWorkers, a_hard_limit_of_resident_memory_ends_the_task_at_once) {
  if (under_sanitizer) GTEST_SKIP() << "a sanitizer has memory of its own";
  PoolOptions made = options(1);
  made.limits.resident_hard = 150_MiB;
  Pool pool(made);
  EXPECT_EQ(pool.apply(keeps, std::size_t{1} << 20), std::size_t{1} << 20);
  auto others = pool.map_async(square, std::vector(3, 3));
  const auto lost =
      caught<WorkerLost>([&] { pool.apply(keeps_and_waits, std::size_t{200} << 20); });
  const CrashReport& report = lost.report();
  EXPECT_EQ(report.cause, CrashReport::Cause::resident_limit);
  EXPECT_EQ(report.resident_limit, 150_MiB);
  EXPECT_GT(report.resident, 150_MiB);
  EXPECT_GE(report.peak_resident, report.resident);
  EXPECT_TRUE(contains(lost.what(), "more than its limit of 150 MiB")) << lost.what();
  EXPECT_EQ(others.get_for(patience), std::vector(3, 9));
  EXPECT_EQ(pool.apply(square, 3), 9);
}

TEST_P(LimitsOfWorkers, a_hard_limit_of_resident_memory_costs_the_guilty_element_only) {
  if (under_sanitizer) GTEST_SKIP() << "a sanitizer has memory of its own";
  PoolOptions made = options(2);
  made.limits.resident_hard = 150_MiB;
  Pool pool(made);
  const auto one_is_large = [](int x) {
    return x == 5 ? static_cast<int>(keeps_and_waits(std::size_t{200} << 20)) : x;
  };
  std::vector<int> inputs(50);
  for (int i = 0; i < 50; ++i) inputs[static_cast<std::size_t>(i)] = i;
  const auto found = pool.with({.chunk = 10}).try_map(one_is_large, inputs);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].has_value(), i != 5) << i;
}

TEST_P(LimitsOfWorkers, a_hard_limit_of_resident_memory_ends_an_initializer) {
  if (under_sanitizer) GTEST_SKIP() << "a sanitizer has memory of its own";
  PoolOptions made = options(1);
  made.limits.resident_hard = 150_MiB;
  made.initializer = [] { keeps_and_waits(std::size_t{200} << 20); };
  Pool pool(made);
  const auto error = caught<StartError>([&] { pool.apply(square, 3); });
  EXPECT_EQ(error.stage(), "initializer");
  EXPECT_TRUE(contains(error.what(), "more than its limit of 150 MiB")) << error.what();
}

TEST_P(LimitsOfWorkers, a_hard_limit_of_resident_memory_sees_what_outlives_the_main_thread) {
  if (under_sanitizer) GTEST_SKIP() << "a sanitizer has memory of its own";
  PoolOptions made = options(1);
  made.limits.resident_hard = 150_MiB;
  Pool pool(made);
  auto call = pool.apply_async(victims::outlives_its_main_thread, std::size_t{200} << 20);
  const auto lost = caught<WorkerLost>([&] { call.get_for(patience); });
  EXPECT_EQ(lost.report().cause, CrashReport::Cause::resident_limit) << lost.what();
  EXPECT_GT(lost.report().resident, 150_MiB);
  EXPECT_EQ(pool.apply(square, 3), 9);
}

// Threads that come and go faster than the pool looks would have what memory they like.
TEST_P(LimitsOfWorkers, with_a_hard_limit_no_worker_is_kept_that_has_lost_its_main_thread) {
  if (under_sanitizer) GTEST_SKIP() << "a sanitizer has memory of its own";
  PoolOptions made = options(1);
  made.limits.resident_hard = 150_MiB;
  Pool pool(made);
  auto call = pool.apply_async(victims::outlives_its_main_thread, std::size_t{1});
  const auto lost = caught<WorkerLost>([&] { call.get_for(patience); });
  EXPECT_EQ(lost.report().cause, CrashReport::Cause::stopped);
  EXPECT_TRUE(contains(lost.what(), "its main thread has ended")) << lost.what();
  EXPECT_EQ(pool.apply(square, 3), 9);
}

int niceness() { return ::getpriority(PRIO_PROCESS, 0); }
std::vector<int> cpus_here() {
  cpu_set_t set;
  ::sched_getaffinity(0, sizeof set, &set);
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

TEST_P(LimitsOfWorkers, how_nice_they_are_is_seen_in_the_initializer_and_in_tasks) {
  PoolOptions made = options(1);
  made.nice = 7;
  made.initializer = [] {
    if (niceness() != 7) throw std::runtime_error("not yet");
  };
  Pool pool(made);
  EXPECT_EQ(pool.apply(niceness), 7);
  EXPECT_NE(niceness(), 7);
}

TEST_P(LimitsOfWorkers, the_cpus_they_run_on_are_as_many_as_there_are_workers) {
  const std::vector<int> last{cpus_here().back()};
  PoolOptions made = options(1);
  made.workers.reset();
  made.cpus = last;
  Pool pool(made);
  EXPECT_EQ(pool.apply(cpus_here), last);
  EXPECT_EQ(pool.apply(available_cpus), 1);
  EXPECT_EQ(pool.workers().size(), 1U);
}

class OwnLauncher : public PoolCheck {};

struct Nice : Launcher {
  std::string name() const override { return "nice"; }
  int launch(WorkerCommand command) override {
    command.arguments.insert(command.arguments.begin(), {"nice", "-n", "7"});
    return brood::spawn(command);
  }
};
struct Refuses : Launcher {
  std::string name() const override { return "refuses"; }
  int launch(WorkerCommand) override { throw std::runtime_error("no room in the container"); }
};
struct StartsSomethingElse : Launcher {
  std::string name() const override { return "else"; }
  int launch(WorkerCommand command) override {
    command.arguments = {"true"};
    return brood::spawn(command);
  }
};

struct StartsAnotherBuild : Launcher {
  std::string name() const override { return "another"; }
  int launch(WorkerCommand command) override {
    command.arguments.front() = victim("owner");
    return brood::spawn(command);
  }
};
struct KeepsThePageBack : Launcher {
  std::string name() const override { return "keeps"; }
  int launch(WorkerCommand command) override {
    std::erase_if(command.descriptors, [](const auto& given) {
      return given.second == start::worker_descriptors().input;
    });
    return brood::spawn(command);
  }
};

TEST_F(OwnLauncher, runs_the_workers_its_way) {
  Pool pool({.workers = 2, .start_method = std::make_shared<Nice>(), .max_tasks_per_worker = 2});
  const int nicest = 19;
  const int expected = std::min(niceness() + 7, nicest);  // the tests may run under nice themselves
  for (int i = 0; i < 6; ++i) EXPECT_EQ(pool.apply(niceness), expected);
  EXPECT_EQ(pool.map(square, std::vector(10, 2)), std::vector(10, 4));
  EXPECT_TRUE(pool.workers().at(0).name.starts_with("NicePoolWorker-"));
}

TEST_F(OwnLauncher, that_throws_fails_the_start_with_its_text) {
  const auto error = caught<StartError>(
      [] { const Pool pool({.workers = 2, .start_method = std::make_shared<Refuses>()}); });
  EXPECT_TRUE(contains(error.what(), "no room in the container")) << error.what();
  EXPECT_EQ(error.method(), "refuses");
}

TEST_F(OwnLauncher, that_starts_something_else_is_a_start_error) {
  Pool pool({.workers = 1, .start_method = std::make_shared<StartsSomethingElse>()});
  const auto error = caught<StartError>([&] { pool.apply(square, 2); });
  EXPECT_EQ(error.stage(), "greeting");
  EXPECT_EQ(error.status().value().describe(), "exit code 0");
}

TEST_F(OwnLauncher, that_starts_another_build_is_told_so) {
  Pool pool({.workers = 1, .start_method = std::make_shared<StartsAnotherBuild>()});
  const auto error = caught<StartError>([&] { pool.apply(square, 2); });
  EXPECT_EQ(error.stage(), "greeting");
  EXPECT_TRUE(contains(error.what(), "another build of this program")) << error.what();
}

TEST_F(OwnLauncher, that_does_not_pass_on_all_descriptors_is_told_so) {
  Pool pool({.workers = 1, .start_method = std::make_shared<KeepsThePageBack>()});
  const auto error = caught<StartError>([&] { pool.apply(square, 2); });
  EXPECT_EQ(error.stage(), "greeting");
  EXPECT_TRUE(contains(error.what(), "has not got the memory")) << error.what();
}

}  // namespace
}  // namespace brood::testing::limits_test

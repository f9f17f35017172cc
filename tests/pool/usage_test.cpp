#include <sched.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>

#include "platform/process.hpp"
#include "platform/system_calls.hpp"
#include "pool/pool_fixture.hpp"
#include "support/in_child.hpp"
#include "support/program.hpp"

namespace brood::testing::usage_test {
namespace {

class Usage : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Usage);
class UsageOnce : public PoolCheck {};

template <class Change>
std::string refused(const std::string& method, Change change) {
  PoolOptions options{.workers = 1, .start_method = method};
  change(options);
  return caught<UsageError>([&] { const Pool pool(options); }).what();
}

TEST_P(Usage, worker_counts_out_of_range_are_refused_and_named) {
  for (const std::int64_t workers : {0L, -1L, 1'000'000L, 4'294'967'300L}) {
    const std::string text = refused(method(), [&](PoolOptions& o) { o.workers = workers; });
    EXPECT_TRUE(contains(text, std::to_string(workers))) << text;
  }
}

TEST_P(Usage, other_options_out_of_range_are_refused_and_named) {
  EXPECT_TRUE(contains(refused(method(), [](PoolOptions& o) { o.max_tasks_per_worker = 0; }),
                       "max_tasks_per_worker"));
  EXPECT_TRUE(contains(refused(method(), [](PoolOptions& o) { o.max_tasks_per_worker = -5; }),
                       "max_tasks_per_worker"));
  EXPECT_TRUE(
      contains(refused(method(), [](PoolOptions& o) { o.start_timeout = 0s; }), "start_timeout"));
  EXPECT_TRUE(
      contains(refused(method(), [](PoolOptions& o) { o.start_timeout = -1s; }), "start_timeout"));
  EXPECT_TRUE(contains(refused(method(), [](PoolOptions& o) { o.max_message_size = 0; }),
                       "max_message_size"));
}

TEST_P(Usage, limits_out_of_range_are_refused_and_named) {
  const auto refuses = [&](const char* name, auto change) {
    const std::string text = refused(method(), [&](PoolOptions& o) { change(o.limits); });
    EXPECT_TRUE(contains(text, name)) << text;
  };
  refuses("cpu_time", [](Limits& limits) { limits.cpu_time = -1s; });
  refuses("cpu_time", [](Limits& limits) { limits.cpu_time = 0s; });
  refuses("address_space", [](Limits& limits) { limits.address_space = 0; });
  refuses("resident", [](Limits& limits) { limits.resident = 0; });
  refuses("resident_hard", [](Limits& limits) { limits.resident_hard = 0; });
  refuses("open_files", [](Limits& limits) { limits.open_files = 0; });
  refuses("open_files", [](Limits& limits) { limits.open_files = 15; });
}

TEST_P(Usage, cpus_and_niceness_that_there_are_not_are_refused_and_named) {
  const auto refuses = [&](const char* text, auto change) {
    const std::string said = refused(method(), change);
    EXPECT_TRUE(contains(said, text)) << said;
  };
  refuses("nice", [](PoolOptions& o) { o.nice = 20; });
  refuses("nice", [](PoolOptions& o) { o.nice = -21; });
  refuses("cpus has -1", [](PoolOptions& o) { o.cpus = {0, -1}; });
  refuses("cpus has 1000000", [](PoolOptions& o) { o.cpus = {1'000'000}; });
}

TEST_P(Usage, a_value_beyond_the_largest_message_is_a_codec_error) {
  PoolOptions small = options(1);
  small.max_message_size = 1_MiB;
  Pool pool(small);
  const auto length = [](const std::string& s) { return s.size(); };
  const auto error = caught<CodecError>([&] { pool.apply(length, std::string(2 << 20, 'x')); });
  EXPECT_EQ(error.limit(), 1_MiB);
  EXPECT_EQ(error.direction(), CodecError::Direction::encode);
  EXPECT_THROW(
      pool.apply([](int n) { return std::string(static_cast<std::size_t>(n), 'x'); }, 2 << 20),
      CodecError);
  EXPECT_EQ(pool.apply(length, std::string(1000, 'x')), 1000U);
}

TEST_P(Usage, in_a_forked_child_every_use_of_the_pool_is_a_usage_error) {
  Pool pool = make_pool(1);
  std::optional<AsyncResult<int>> result = pool.apply_async(square, 2);
  EXPECT_EQ(result->get(), 4);
  const int code = in_child([&] {
    int refusals = 0;
    const auto count = [&](auto use) {
      try {
        use();
      } catch (const UsageError&) {
        ++refusals;
      }
    };
    count([&] { pool.apply(square, 1); });
    count([&] { pool.apply_async(square, 1); });
    count([&] { static_cast<void>(pool.with({})); });
    count([&] { pool.map(square, std::vector{1}); });
    count([&] { pool.close(); });
    count([&] { pool.terminate(); });
    count([&] { pool.join(); });
    count([&] { static_cast<void>(pool.workers()); });
    return refusals;
  });
  EXPECT_EQ(code, 8);
  EXPECT_EQ(pool.apply(square, 3), 9);  // the owner's pool does not care
}

// No thread there would wake a waiter.
TEST_P(Usage, in_a_forked_child_a_result_that_was_not_ready_is_a_usage_error) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  AsyncResult<int> ready = pool.apply_async(square, 2);
  ready.wait();
  AsyncResult<int> waiting = pool.apply_async(
      [](const std::string& at) {
        Gate::pass(at);
        return 1;
      },
      gate.path());
  auto range = pool.imap(square, {1});
  EXPECT_EQ(in_child([&] {
              if (ready.get() != 4 || waiting.ready() || waiting.cancel()) return 1;
              int refusals = 0;
              const auto count = [&](auto use) {
                try {
                  use();
                } catch (const UsageError&) {
                  ++refusals;
                }
              };
              count([&] { waiting.get(); });
              count([&] { waiting.wait_for(1s); });
              count([&] { waiting.on_success([](int) {}); });
              count([&] { range.next(); });
              return 10 + refusals;
            }),
            14);
  gate.open();
  EXPECT_EQ(waiting.get(), 1);
}

TEST_P(Usage, the_end_of_a_forked_child_does_nothing_to_the_pool) {
  auto pool = std::make_unique<Pool>(options(1));
  EXPECT_EQ(pool->apply(square, 2), 4);
  EXPECT_EQ(in_child([&] {
              pool.reset();  // the destructor of the copy
              return 0;
            }),
            0);
  EXPECT_EQ(pool->apply(square, 3), 9);
}

TEST_P(Usage, a_forked_child_may_make_a_pool_of_its_own) {
  if (under_thread_sanitizer)
    GTEST_SKIP() << "ThreadSanitizer knows no new thread in a fork of a process that had some";
  expect_orphans();  // the child's fork server
  Pool outer = make_pool(1);
  EXPECT_EQ(outer.apply(square, 2), 4);
  EXPECT_EQ(in_child([&] {
              Pool inner = make_pool(1);
              return inner.apply(square, 5);
            }),
            25);
  EXPECT_EQ(outer.apply(square, 3), 9);
}

TEST_F(UsageOnce, an_unknown_start_method_is_refused_with_a_list_of_the_known) {
  const auto check = [](const std::string& text) {
    for (const char* word : {"fork", "forkserver", "spawn", "thread"})
      EXPECT_TRUE(contains(text, word)) << text;
  };
  check(caught<UsageError>([] { const Pool pool({.start_method = "thread"}); }).what());
  check(caught<UsageError>([] { set_start_method("thread"); }).what());
  EXPECT_THROW(set_start_method(""), UsageError);
  EXPECT_EQ(get_start_method(), "forkserver");
}

TEST_F(UsageOnce, forkserver_is_the_first_and_default_method) {
  EXPECT_EQ(start_methods(), (std::vector<std::string>{"forkserver", "fork", "spawn"}));
  Pool pool(1);
  EXPECT_TRUE(pool.workers().at(0).name.starts_with("ForkServerPoolWorker-"));
}

TEST_F(UsageOnce, set_start_method_holds_for_pools_that_name_none) {
  set_start_method("spawn");
  EXPECT_EQ(get_start_method(), "spawn");
  {
    Pool pool(1);
    EXPECT_TRUE(pool.workers().at(0).name.starts_with("SpawnPoolWorker-"));
    Pool named({.workers = 1, .start_method = "fork"});
    EXPECT_TRUE(named.workers().at(0).name.starts_with("ForkPoolWorker-"));
  }
  set_start_method("forkserver");
}

TEST_F(UsageOnce, a_second_init_is_a_usage_error) {
  char name[] = "program";
  char* arguments[] = {name, nullptr};
  EXPECT_THROW(brood::init(1, arguments), UsageError);
}

TEST_F(UsageOnce, default_workers_are_the_cpus_that_the_process_may_use) {
  EXPECT_EQ(in_child([] {
              cpu_set_t one;
              CPU_ZERO(&one);
              CPU_SET(0, &one);
              ::sched_setaffinity(0, sizeof one, &one);
              const Pool pool(PoolOptions{.start_method = "fork"});
              return static_cast<int>(pool.workers().size());
            }),
            1);
  const Pool pool(PoolOptions{.start_method = "fork"});
  EXPECT_EQ(static_cast<int>(pool.workers().size()), available_cpus());
  EXPECT_LE(available_cpus(), cpu_count());
}

/// Files of control groups, as this process sees them while this lives.
class FakeControlGroups {
 public:
  struct File {
    const char* path;
    const char* text;
  };
  explicit FakeControlGroups(const std::vector<File>& files)
      : real_(platform::system_calls().open) {
    for (const auto& [path, text] : files) {
      const std::filesystem::path copy = root_ + path;
      std::filesystem::create_directories(copy.parent_path());
      std::ofstream(copy) << text << '\n';
    }
    current_ = this;
    platform::system_calls().open = [](const char* path, int flags) {
      const bool faked = std::string_view(path).find("cgroup") != std::string_view::npos;
      return current_->real_(faked ? (current_->root_ + path).c_str() : path, flags);
    };
  }
  FakeControlGroups(const FakeControlGroups&) = delete;
  FakeControlGroups& operator=(const FakeControlGroups&) = delete;
  ~FakeControlGroups() { platform::system_calls().open = real_; }

 private:
  static inline FakeControlGroups* current_ = nullptr;
  Scratch scratch_;
  std::string root_ = scratch_.path("root");
  int (*real_)(const char*, int);
};

std::size_t default_workers(const std::string& method) {
  return Pool(PoolOptions{.start_method = method}).workers().size();
}

TEST_P(Usage, default_workers_are_no_more_than_the_quota_of_the_control_group) {
  using Files = std::vector<FakeControlGroups::File>;
  {
    const FakeControlGroups version_2(Files{{"/proc/self/cgroup", "0::/app/job"},
                                            {"/sys/fs/cgroup/app/job/cpu.max", "max 100000"},
                                            {"/sys/fs/cgroup/app/cpu.max", "50000 100000"}});
    EXPECT_EQ(default_workers(method()), 1U);
  }
  {
    const FakeControlGroups none(Files{{"/proc/self/cgroup", "0::/"}});
    EXPECT_EQ(default_workers(method()), static_cast<std::size_t>(platform::affinity_cpus()));
  }
  const FakeControlGroups version_1(Files{{"/proc/self/cgroup", "4:cpu,cpuacct:/"},
                                          {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000"},
                                          {"/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000"}});
  EXPECT_EQ(default_workers(method()), 1U);
}

// Victim no_init <log> <method> makes a pool without brood::init.
class WithoutInit : public PoolCheck {
 protected:
  Scratch scratch_;
};

TEST_F(WithoutInit, fork_works) {
  Program program({victim("no_init"), scratch_.path("log"), "fork"});
  EXPECT_EQ(program.rest(), "49\n");
  EXPECT_EQ(program.wait(), 0);
}

TEST_F(WithoutInit, spawn_and_forkserver_say_which_line_is_missing_and_main_runs_once) {
  for (const char* const method : {"spawn", "forkserver"}) {
    const std::string log = scratch_.path(method);
    Program program({victim("no_init"), log, method});
    const std::string output = program.rest();
    EXPECT_TRUE(contains(output, "brood::init(argc, argv)")) << output;
    EXPECT_TRUE(contains(output, "UsageError")) << output;
    EXPECT_EQ(program.wait(), 3);
    EXPECT_EQ(lines_of(log).size(), 1U) << "main ran again";
  }
}

TEST_F(WithoutInit, a_program_that_would_be_a_fork_bomb_stops_with_one_message) {
  const std::string log = scratch_.path("log");
  Program program({victim("late_init"), log});
  const std::string output = program.rest();
  EXPECT_NE(program.wait(), 0);
  EXPECT_LE(lines_of(log).size(), 20U) << "main runs again and again";
  EXPECT_FALSE(output.empty());
}

}  // namespace
}  // namespace brood::testing::usage_test

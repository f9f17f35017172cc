#include <cereal/types/utility.hpp>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "pool/pool_fixture.hpp"

// What a worker sees of the program's globals, under each start method.
namespace brood::testing::state_test {
namespace {

class State : public PoolTest {
 protected:
  bool copies_the_parent() const { return method() == "fork"; }
};
BROOD_FOR_EVERY_METHOD(State);
class Preload : public PoolCheck {
 protected:
  void TearDown() override {
    set_forkserver_preload({});
    PoolCheck::TearDown();
  }
};

int global = 1;
std::vector<std::string> words{"main"};
int global_now() { return global; }
void set_global(int value) { global = value; }
int add_to_global(int amount) { return global += amount; }
std::vector<std::string> words_now() { return words; }
std::vector<std::string> with_word(const std::string& word) {
  words.push_back(word);
  return words;
}
std::uintptr_t address_of_global() { return reinterpret_cast<std::uintptr_t>(&global); }

/// Puts globals back.
class Restored {
 public:
  ~Restored() {
    global = 1;
    words = {"main"};
  }
};

TEST_P(State, what_main_changed_is_seen_under_fork_only) {
  const Restored restored;
  global = 5;
  words.push_back("changed");
  Pool pool = make_pool(1);
  EXPECT_EQ(pool.apply(global_now), copies_the_parent() ? 5 : 1);
  EXPECT_EQ(pool.apply(words_now), copies_the_parent()
                                       ? (std::vector<std::string>{"main", "changed"})
                                       : std::vector<std::string>{"main"});
}

TEST_P(State, what_main_changes_after_the_pool_was_made_is_never_seen) {
  const Restored restored;
  Pool pool = make_pool(1);
  global = 6;
  EXPECT_EQ(pool.apply(global_now), 1);
}

TEST_P(State, workers_start_in_the_working_directory_of_when_their_pool_was_made) {
  const auto here = [](int) { return std::filesystem::current_path(); };
  const std::filesystem::path before = std::filesystem::current_path();
  const Scratch scratch;
  const std::filesystem::path other = std::filesystem::canonical(scratch.path(""));
  const Pool first = make_pool(1);
  EXPECT_EQ(first.apply(here, 0), before);
  std::filesystem::current_path(other);
  std::filesystem::path found;
  {
    const Pool second = make_pool(1);
    found = second.apply(here, 0);
  }
  std::filesystem::current_path(before);
  EXPECT_EQ(found, other);
  EXPECT_EQ(first.apply(here, 0), before);
}

TEST_P(State, what_a_task_changes_stays_in_its_worker) {
  const Restored restored;
  Pool pool = make_pool(1);
  EXPECT_EQ(pool.apply(add_to_global, 10), 11);
  EXPECT_EQ(pool.apply(add_to_global, 10), 21);  // the same worker remembers
  EXPECT_EQ(pool.apply(with_word, "task"), (std::vector<std::string>{"main", "task"}));
  EXPECT_EQ(global, 1);
  EXPECT_EQ(words, std::vector<std::string>{"main"});
}

TEST_P(State, each_worker_has_a_copy_of_its_own) {
  Pool pool = make_pool(2);
  const auto add_here = [](int) { return std::pair(static_cast<int>(::getpid()), ++global); };
  std::map<int, std::vector<int>> by_pid;
  for (const auto& [pid, value] : pool.with({.chunk = 1}).map(add_here, std::vector<int>(100, 0)))
    by_pid[pid].push_back(value);
  std::size_t sum = 0;
  for (auto& [pid, values] : by_pid) {
    std::set<int> distinct(values.begin(), values.end());
    EXPECT_EQ(distinct.size(), values.size());
    EXPECT_EQ(*distinct.begin(), 2);
    EXPECT_EQ(*distinct.rbegin(), static_cast<int>(values.size()) + 1);
    sum += values.size();
  }
  EXPECT_EQ(sum, 100U);
}

TEST_P(State, under_fork_an_address_means_the_same_in_each_process) {
  Pool pool = make_pool(1);
  const std::uintptr_t there = pool.apply(address_of_global);
  if (method() == "fork") {
    EXPECT_EQ(there, address_of_global());
  }
  EXPECT_NE(there, 0U);
}

TEST_P(State, replacement_workers_see_what_the_first_ones_saw) {
  const Restored restored;
  global = 7;
  PoolOptions made = options(1);
  made.max_tasks_per_worker = 1;
  Pool pool(made);
  global = 8;
  const int expected = copies_the_parent() ? 7 : 1;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(pool.apply(add_to_global, 100), expected + 100);
  EXPECT_THROW(pool.apply([] { ::_exit(1); }), WorkerLost);
  EXPECT_EQ(pool.apply(global_now), expected);
}

TEST_P(State, two_pools_see_the_state_of_the_moment_when_each_was_made) {
  const Restored restored;
  global = 10;
  Pool first = make_pool(1);
  global = 20;
  Pool second = make_pool(1);
  EXPECT_EQ(first.apply(global_now), copies_the_parent() ? 10 : 1);
  EXPECT_EQ(second.apply(global_now), copies_the_parent() ? 20 : 1);
}

TEST_P(State, arguments_are_values_under_every_method) {
  Pool pool = make_pool(1);
  std::vector<int> mine{1, 2, 3};
  const auto doubled = [](std::vector<int>& xs) {
    for (int& x : xs) x *= 2;
    return xs;
  };
  EXPECT_EQ(pool.apply(doubled, mine), (std::vector{2, 4, 6}));
  EXPECT_EQ(mine, (std::vector{1, 2, 3}));
}

TEST_F(Preload, hooks_run_once_in_the_server_and_every_worker_sees_what_they_did) {
  const Scratch scratch;
  const std::string log = scratch.path("log");
  const auto hook = [](const std::string& path) {
    append_line(path, std::to_string(::getpid()));
    global = 77;
  };
  set_forkserver_preload({task(hook, log)});
  {
    Pool pool({.workers = 3, .start_method = "forkserver", .max_tasks_per_worker = 1});
    Pool other({.workers = 1, .start_method = "forkserver"});
    for (int i = 0; i < 6; ++i) EXPECT_EQ(pool.apply(global_now), 77);
    EXPECT_EQ(other.apply(global_now), 77);
    const std::vector<std::string> lines = lines_of(log);
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0], std::to_string(parent_of(other.workers().at(0).pid)));
  }
  EXPECT_EQ(global, 1);
}

TEST_F(Preload, hooks_run_in_order) {
  set_forkserver_preload({task(set_global, 4), [] { global *= 10; }});
  Pool pool({.workers = 1, .start_method = "forkserver"});
  EXPECT_EQ(pool.apply(global_now), 40);
}

TEST_F(Preload, a_hook_that_throws_fails_the_start_with_its_text) {
  set_forkserver_preload({[] { throw std::runtime_error("no cache to warm"); }});
  const auto error =
      caught<StartError>([] { const Pool pool({.workers = 1, .start_method = "forkserver"}); });
  EXPECT_TRUE(contains(error.what(), "no cache to warm")) << error.what();
  EXPECT_EQ(error.stage(), "preload");
  EXPECT_EQ(error.method(), "forkserver");
  set_forkserver_preload({});
  Pool pool({.workers = 1, .start_method = "forkserver"});
  EXPECT_EQ(pool.apply(square, 3), 9);
}

TEST_F(Preload, a_hook_that_exits_fails_the_start) {
  set_forkserver_preload({[] { ::_exit(5); }});
  const auto error =
      caught<StartError>([] { const Pool pool({.workers = 1, .start_method = "forkserver"}); });
  EXPECT_TRUE(contains(error.what(), "exit code 5")) << error.what();
}

TEST_F(Preload, a_change_holds_for_the_next_pool_and_not_for_the_one_that_is_there) {
  set_forkserver_preload({task(set_global, 4)});
  Pool first({.workers = 1, .start_method = "forkserver", .max_tasks_per_worker = 1});
  EXPECT_EQ(first.apply(global_now), 4);
  set_forkserver_preload({task(set_global, 5)});
  Pool second({.workers = 1, .start_method = "forkserver"});
  EXPECT_EQ(second.apply(global_now), 5);
  EXPECT_EQ(first.apply(global_now), 4);
  EXPECT_EQ(first.apply(global_now), 4);
}

TEST_F(Preload, does_not_touch_the_other_methods) {
  set_forkserver_preload({task(set_global, 4)});
  for (const char* const method : {"fork", "spawn"}) {
    Pool pool({.workers = 1, .start_method = method});
    EXPECT_EQ(pool.apply(global_now), 1);
  }
}

class ExitHooks : public PoolTest {};
BROOD_FOR_EVERY_METHOD(ExitHooks);

void register_hook(const std::string& log) {
  at_worker_exit([log] { append_line(log, "hook"); });
}

TEST_P(ExitHooks, run_when_the_pool_is_closed) {
  const Scratch scratch;
  PoolOptions made = options(2);
  made.initializer = task(register_hook, scratch.path("log"));
  Pool pool(made);
  pool.apply(square, 1);
  pool.close();
  pool.join();
  EXPECT_EQ(lines_of(scratch.path("log")).size(), 2U);
}

TEST_P(ExitHooks, run_when_a_worker_leaves_after_its_tasks) {
  const Scratch scratch;
  PoolOptions made = options(1);
  made.max_tasks_per_worker = 2;
  made.initializer = task(register_hook, scratch.path("log"));
  Pool pool(made);
  for (int i = 0; i < 6; ++i) pool.apply(square, 1);
  pool.close();
  pool.join();
  EXPECT_GE(lines_of(scratch.path("log")).size(), 3U);
  EXPECT_LE(lines_of(scratch.path("log")).size(), 4U);
}

TEST_P(ExitHooks, run_last_registered_first_also_when_one_throws) {
  const Scratch scratch;
  Pool pool = make_pool(1);
  const auto three = [](const std::string& log) {
    at_worker_exit([log] { append_line(log, "first"); });
    at_worker_exit([] { throw std::runtime_error("a hook"); });
    at_worker_exit([log] { append_line(log, "last"); });
  };
  pool.apply(three, scratch.path("log"));
  pool.close();
  pool.join();
  EXPECT_EQ(lines_of(scratch.path("log")), (std::vector<std::string>{"last", "first"}));
}

TEST_P(ExitHooks, static_destructors_and_atexit_of_the_program_do_not_run_in_workers) {
  const Scratch scratch;
  static std::string log;
  log = scratch.path("log");
  {
    Pool pool = make_pool(2);
    const auto note = [](const std::string& path) {
      static std::string in_worker;
      in_worker = path;
      std::atexit([] { append_line(in_worker, "atexit"); });
    };
    pool.apply(note, log);
    pool.close();
    pool.join();
  }
  EXPECT_TRUE(lines_of(log).empty());
}

TEST_P(ExitHooks, outside_a_worker_are_a_usage_error) {
  EXPECT_THROW(at_worker_exit([] {}), UsageError);
}

}  // namespace
}  // namespace brood::testing::state_test

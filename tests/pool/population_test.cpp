#include <poll.h>

#include <set>

#include "pool/pool_fixture.hpp"

namespace brood::testing::population_test {
namespace {

/// How many workers a pool has, and for how long; and which call is served first.
class Population : public PoolTest {
 protected:
  /// Looks again and again, until it holds.
  template <class Condition>
  static bool comes_true(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      ::poll(nullptr, 0, 1);
    }
    return true;
  }
};
BROOD_FOR_EVERY_METHOD(Population);

int passes(const std::string& gate, int x) {
  Gate::pass(gate);
  return x;
}

TEST_P(Population, grows_with_the_work_and_shrinks_without_it) {
  PoolOptions made = options(4);
  made.min_workers = 1;
  made.idle_timeout = 50ms;
  Pool pool(made);
  EXPECT_EQ(pool.workers().size(), 1U);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  auto results = pool.map_async(task(passes, gate.path()), {1, 2, 3});
  EXPECT_TRUE(comes_true([&] { return pool.workers().size() == 3; }));
  gate.open();
  EXPECT_EQ(results.get(), (std::vector{1, 2, 3}));
  EXPECT_TRUE(comes_true([&] { return pool.workers().size() == 1; }));
  EXPECT_EQ(pool.apply(square, 3), 9);
}

TEST_P(Population, may_be_empty_until_there_is_work) {
  PoolOptions made = options(2);
  made.idle_timeout = 20ms;
  Pool pool(made);
  EXPECT_TRUE(pool.workers().empty());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(pool.apply(square, i), i * i);
    EXPECT_EQ(pool.map(square, {1, 2, 3}), (std::vector{1, 4, 9}));
    EXPECT_TRUE(comes_true([&] { return pool.workers().empty(); }));
  }
  pool.close();
  pool.join();
}

int born_with = 1;

TEST_P(Population, that_is_empty_at_first_sees_the_memory_of_when_the_pool_was_made) {
  PoolOptions made = options(1);
  made.min_workers = 0;
  born_with = 2;
  Pool pool(made);
  born_with = 3;
  EXPECT_EQ(pool.apply([] { return born_with; }), method() == "fork" ? 2 : 1);
  born_with = 1;
}

TEST_P(Population, without_an_idle_timeout_only_grows) {
  PoolOptions made = options(3);
  made.min_workers = 0;
  Pool pool(made);
  EXPECT_TRUE(pool.workers().empty());
  EXPECT_EQ(pool.apply(square, 5), 25);
  EXPECT_EQ(pool.workers().size(), 1U);
}

TEST_P(Population, is_renewed_when_it_is_old) {
  PoolOptions made = options(1);
  made.max_worker_age = 50ms;
  Pool pool(made);
  std::set<int> pids;
  EXPECT_TRUE(comes_true([&] {
    pids.insert(pool.apply(pid_here));
    return pids.size() >= 3;
  }));
}

TEST_P(Population, that_lives_shorter_than_it_takes_to_start_runs_everything) {
  PoolOptions made = options(2);
  made.max_worker_age = 1ns;
  made.idle_timeout = 1ns;
  Pool pool(made);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(pool.apply(square, i), i * i);
  EXPECT_EQ(pool.map(square, {1, 2, 3, 4, 5}), (std::vector{1, 4, 9, 16, 25}));
}

TEST_P(Population, is_told_of_in_usage_errors_where_it_makes_no_sense) {
  PoolOptions more = options(2), negative = options(2), old = options(2), idle = options(2);
  more.min_workers = 3;
  negative.min_workers = -1;
  old.max_worker_age = 0s;
  idle.idle_timeout = -1s;
  for (const PoolOptions& wrong : {more, negative, old, idle})
    EXPECT_THROW(Pool{wrong}, UsageError);
}

TEST_P(Population, serves_calls_of_a_higher_priority_first) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  const auto notes = [](const std::string& log, const std::string& name) {
    append_line(log, name);
  };
  const std::string log = scratch.path("log");
  auto first = pool.apply_async(Gate::pass, gate.path());
  std::vector<AsyncResult<void>> results;
  results.push_back(pool.with({.priority = -1}).apply_async(notes, log, "idle"));
  results.push_back(pool.apply_async(notes, log, "usual 1"));
  results.push_back(pool.apply_async(notes, log, "usual 2"));
  results.push_back(pool.with({.priority = 7}).apply_async(notes, log, "urgent"));
  gate.open();
  for (auto& result : results) result.get();
  EXPECT_EQ(lines_of(log), (std::vector<std::string>{"urgent", "usual 1", "usual 2", "idle"}));
}

}  // namespace
}  // namespace brood::testing::population_test

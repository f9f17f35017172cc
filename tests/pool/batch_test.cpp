#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "pool/pool_fixture.hpp"
#include "victims/tasks.hpp"

// Calls that come in one behind the other travel together; no caller may notice.
namespace brood::testing::batch_test {
namespace {

class BatchTest : public PoolTest {};
BROOD_FOR_EVERY_METHOD(BatchTest);

int tells_and_passes(const std::string& mailbox, const std::string& gate) {
  Mailbox::send(mailbox, "runs");
  Gate::pass(gate);
  return 1;
}

/// The only worker is busy, so that what follows comes in together and waits.
struct Occupied {
  explicit Occupied(Pool& pool)
      : busy(pool.apply_async(tells_and_passes, runs.path(), gate.path())) {
    EXPECT_EQ(runs.receive(), "runs");
  }
  Scratch scratch;
  Gate gate{scratch.path("gate")};
  Mailbox runs{scratch.path("runs")};
  AsyncResult<int> busy;
};

int third_dies(int x) {
  if (x == 3) ::raise(SIGKILL);
  return x;
}
int third_throws(int x) {
  if (x == 3) throw std::out_of_range("three");
  return x;
}
std::size_t length(const std::string& text) { return text.size(); }
int nothing_taken() { return 5; }
int leaves_a_mark(const std::string& directory, int x) {
  std::ofstream(directory + "/" + std::to_string(x)) << x;
  return x;
}
template <class R>
std::vector<R> take(const std::vector<AsyncResult<R>>& results) {
  std::vector<R> values;
  for (const auto& result : results) values.push_back(result.get_for(patience));
  return values;
}

TEST_P(BatchTest, each_call_gets_its_own_result) {
  Pool pool = make_pool(2);
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < 5000; ++i) results.push_back(pool.apply_async(square, i % 100));
  for (int i = 0; i < 5000; ++i)
    ASSERT_EQ(results[static_cast<std::size_t>(i)].get_for(patience), (i % 100) * (i % 100));
}

TEST_P(BatchTest, arguments_may_be_of_many_sizes_and_of_none) {
  Pool pool = make_pool(1);
  Occupied worker(pool);
  std::vector<AsyncResult<std::size_t>> lengths;
  std::vector<AsyncResult<int>> fives;
  std::vector<std::size_t> expected;
  for (std::size_t size = 0; size < 10'000; size = size * 3 + 1) {
    expected.push_back(size);
    lengths.push_back(pool.apply_async(length, std::string(size, 'x')));
  }
  for (int i = 0; i < 10; ++i) fives.push_back(pool.apply_async(nothing_taken));
  worker.gate.open();
  EXPECT_EQ(take(lengths), expected);
  EXPECT_EQ(take(fives), std::vector<int>(10, 5));
}

TEST_P(BatchTest, there_may_be_more_than_one_batch_holds) {
  Pool pool = make_pool(2);
  Occupied worker(pool);
  std::vector<AsyncResult<std::size_t>> lengths;
  for (int i = 0; i < 300; ++i) lengths.push_back(pool.apply_async(length, std::string(4000, 'x')));
  worker.gate.open();
  EXPECT_EQ(take(lengths), std::vector<std::size_t>(300, 4000));
}

int appends(const std::string& file, int x, const std::string&) {
  std::ofstream(file, std::ios::app) << x;
  return x;
}

// The second is too large to travel with others.
TEST_P(BatchTest, calls_are_begun_in_the_order_in_which_they_came) {
  Pool pool = make_pool(1);
  Occupied worker(pool);
  const std::string file = worker.scratch.path("order");
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < 6; ++i)
    results.push_back(pool.apply_async(appends, file, i, std::string(i == 1 ? 10'000 : 1, 'x')));
  worker.gate.open();
  EXPECT_EQ(take(results), (std::vector<int>{0, 1, 2, 3, 4, 5}));
  std::string order;
  std::ifstream(file) >> order;
  EXPECT_EQ(order, "012345");
}

TEST_P(BatchTest, a_call_that_kills_its_worker_is_lost_alone) {
  Pool pool = make_pool(1);
  Occupied worker(pool);
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < 8; ++i) results.push_back(pool.apply_async(third_dies, i));
  worker.gate.open();
  for (int i = 0; i < 8; ++i) {
    const AsyncResult<int>& result = results[static_cast<std::size_t>(i)];
    if (i != 3) {
      EXPECT_EQ(result.get_for(patience), i);
      continue;
    }
    try {
      result.get_for(patience);
      ADD_FAILURE() << "a dead worker has a result";
    } catch (const WorkerLost& lost) {
      EXPECT_EQ(lost.index(), 0u);  // of a call of its own
    }
  }
}

TEST_P(BatchTest, a_call_that_throws_fails_alone) {
  Pool pool = make_pool(1);
  Occupied worker(pool);
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < 8; ++i) results.push_back(pool.apply_async(third_throws, i));
  worker.gate.open();
  for (int i = 0; i < 8; ++i) {
    const AsyncResult<int>& result = results[static_cast<std::size_t>(i)];
    if (i == 3) {
      EXPECT_THROW(result.get_for(patience), std::out_of_range);
    } else {
      EXPECT_EQ(result.get_for(patience), i);
    }
  }
}

TEST_P(BatchTest, a_call_that_is_cancelled_while_it_waits_never_runs_and_its_neighbours_do) {
  Pool pool = make_pool(1);
  Occupied worker(pool);
  std::vector<AsyncResult<int>> results;
  const std::string directory = worker.scratch.path("");
  for (int i = 0; i < 8; ++i) results.push_back(pool.apply_async(leaves_a_mark, directory, i));
  EXPECT_TRUE(results[2].cancel());
  EXPECT_TRUE(results[5].cancel());
  EXPECT_FALSE(results[5].cancel());
  EXPECT_THROW(results[2].get(), Cancelled);
  worker.gate.open();
  for (const std::size_t i : {0U, 1U, 3U, 4U, 6U, 7U})
    EXPECT_EQ(results[i].get_for(patience), static_cast<int>(i));
  EXPECT_THROW(results[5].get(), Cancelled);
  EXPECT_FALSE(std::filesystem::exists(directory + "/2"));
  EXPECT_FALSE(std::filesystem::exists(directory + "/5"));
}

TEST_P(BatchTest, a_running_call_is_killed_alone) {
  Pool pool = make_pool(1);
  Occupied worker(pool);
  Gate never(worker.scratch.path("never"));
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < 4; ++i)
    results.push_back(pool.apply_async(tells_and_passes, worker.runs.path(), never.path()));
  worker.gate.open();
  ASSERT_EQ(worker.runs.receive(), "runs");
  EXPECT_FALSE(results[0].cancel());
  EXPECT_TRUE(results[0].cancel(Kill::yes));
  EXPECT_THROW(results[0].get(), Cancelled);
  ASSERT_EQ(worker.runs.receive(), "runs");  // the second, in another worker
  never.open();
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(results[i].get_for(patience), 1);
}

TEST_P(BatchTest, terminate_wakes_everyone) {
  std::vector<AsyncResult<int>> results;
  {
    Pool pool = make_pool(1);
    Occupied worker(pool);
    for (int i = 0; i < 100; ++i) results.push_back(pool.apply_async(square, i));
  }
  for (const auto& result : results) EXPECT_THROW(result.get_for(patience), Cancelled);
}

TEST_P(BatchTest, every_call_calls_back_once) {
  Pool pool = make_pool(1);
  Occupied worker(pool);
  std::vector<AsyncResult<int>> results;
  std::atomic<int> successes = 0, errors = 0;
  for (int i = 0; i < 8; ++i) {
    results.push_back(pool.apply_async(third_throws, i));
    results.back().on_success([&](int) { ++successes; }).on_error([&](std::exception_ptr) {
      ++errors;
    });
  }
  worker.gate.open();
  pool.close();
  pool.join();
  EXPECT_EQ(successes, 7);
  EXPECT_EQ(errors, 1);
}

}  // namespace
}  // namespace brood::testing::batch_test

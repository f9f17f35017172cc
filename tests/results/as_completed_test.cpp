#include <unistd.h>

#include <csignal>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "pool/pool_fixture.hpp"
#include "support/dispatcher.hpp"
#include "support/in_child.hpp"
#include "support/log_catcher.hpp"

namespace brood::testing::as_completed_test {
namespace {

class AsCompletedTest : public PoolTest {};
BROOD_FOR_EVERY_METHOD(AsCompletedTest);
class AsCompletedOnce : public PoolCheck {};

int passes(int number, const std::string& gate) {
  Gate::pass(gate);
  return number;
}
int fails(int x) { throw std::invalid_argument(std::to_string(x)); }
void refuses() { throw std::runtime_error("no model"); }

/// Tasks that wait for one gate each.
struct Gated {
  Gated(Pool& pool, int count) {
    for (int i = 0; i < count; ++i) {
      gates.push_back(std::make_unique<Gate>(scratch.path("gate" + std::to_string(i))));
      results.push_back(pool.apply_async(passes, i, gates.back()->path()));
    }
  }
  Scratch scratch;
  std::vector<std::unique_ptr<Gate>> gates;
  std::vector<AsyncResult<int>> results;
};

std::vector<AsyncResult<int>> squares(Pool& pool, int count) {
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < count; ++i) results.push_back(pool.apply_async(square, i));
  return results;
}

TEST_P(AsCompletedTest, gives_results_in_the_order_in_which_they_are_ready) {
  Pool pool = make_pool(3);
  Gated tasks(pool, 3);
  auto range = as_completed(tasks.results);
  for (const std::size_t i : {2U, 0U, 1U}) {
    tasks.gates[i]->open();
    AsyncResult<int>* const next = range.next_for(patience);
    EXPECT_EQ(next, &tasks.results[i]);
    EXPECT_EQ(next->get(), static_cast<int>(i));
  }
  EXPECT_EQ(range.next(), nullptr);
  EXPECT_EQ(range.next(), nullptr);
}

TEST_P(AsCompletedTest, gives_those_first_that_are_ready) {
  Pool pool = make_pool(1);
  std::vector<AsyncResult<int>> results;
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  std::vector<AsyncResult<int>> ready = squares(pool, 2);
  wait_all(ready);
  results.push_back(pool.apply_async(passes, 7, gate.path()));
  for (AsyncResult<int>& result : ready) results.push_back(std::move(result));
  std::vector<int> values;
  for (const AsyncResult<int>& result : as_completed(results)) {
    values.push_back(result.get());
    if (values.size() == 2) gate.open();
  }
  EXPECT_EQ(values, (std::vector{0, 1, 7}));
}

TEST_P(AsCompletedTest, gives_errors_as_results) {
  Pool pool = make_pool(2);
  std::vector<AsyncResult<int>> results = squares(pool, 3);
  results.push_back(pool.apply_async(fails, 3));
  int values = 0, errors = 0;
  for (const AsyncResult<int>& result : as_completed(results))
    ++(result.successful() ? values : errors);
  EXPECT_EQ(values, 3);
  EXPECT_EQ(errors, 1);
}

TEST_P(AsCompletedTest, gives_results_of_several_pools_each_once) {
  Pool first = make_pool(2), second = make_pool(1);
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < 1000; ++i) results.push_back((i % 3 ? first : second).apply_async(square, i));
  std::set<const AsyncResult<int>*> seen;
  for (const AsyncResult<int>& result : as_completed(results)) {
    EXPECT_TRUE(result.ready());
    EXPECT_TRUE(seen.insert(&result).second);
  }
  EXPECT_EQ(seen.size(), results.size());
}

TEST_P(AsCompletedTest, gives_cancelled_results_of_a_pool_that_ends) {
  std::optional<Pool> pool(std::in_place, options(1));
  Gated tasks(*pool, 2);
  auto range = as_completed(tasks.results);
  EXPECT_THROW(range.next_for(1ms), TimeoutError);
  std::thread ends([&] { pool.reset(); });
  int cancelled = 0;
  while (AsyncResult<int>* const result = range.next_for(patience)) {
    EXPECT_THROW(result->get(), Cancelled);
    ++cancelled;
  }
  ends.join();
  EXPECT_EQ(cancelled, 2);
  for (const AsyncResult<int>& result : as_completed(tasks.results)) EXPECT_TRUE(result.ready());
}

TEST_P(AsCompletedTest, gives_the_errors_of_a_pool_that_is_broken) {
  PoolOptions made = options(1);
  made.initializer = task(refuses);
  Pool pool(std::move(made));
  std::vector<AsyncResult<int>> results = squares(pool, 2);
  pool.close();
  int errors = 0;
  for (const AsyncResult<int>& result : as_completed(results)) {
    EXPECT_THROW(result.get(), StartError);
    ++errors;
  }
  EXPECT_EQ(errors, 2);
}

// No thread is woken then: a waiter looks up.
TEST_P(AsCompletedTest, gives_errors_where_the_program_closes_the_descriptors_of_its_pool) {
  expect_orphans();  // the child leaves without its helpers
  const LogCatcher log;
  EXPECT_EQ(in_child([&] {
              Pool pool = make_pool(1);
              Gated tasks(pool, 2);
              wait_for_dispatcher();
              ::close_range(3, ~0U, 0);
              int errors = 0;
              for (const AsyncResult<int>& result : as_completed(tasks.results)) {
                caught<SystemError>([&] { result.get(); });
                ++errors;
              }
              return errors;
            }),
            2);
}

TEST_P(AsCompletedTest, works_in_a_callback) {
  Pool pool = make_pool(2);
  std::promise<int> sum;
  std::vector<AsyncResult<int>> results = squares(pool, 4);
  pool.apply_async(square, 1).on_success([&](int) {
    int found = 0;
    for (const AsyncResult<int>& result : as_completed(results)) found += result.get();
    sum.set_value(found);
  });
  EXPECT_EQ(sum.get_future().get(), 14);
}

TEST_F(AsCompletedOnce, of_no_results_ends_at_once) {
  std::vector<AsyncResult<int>> none;
  for (const AsyncResult<int>& result : as_completed(none)) FAIL() << result.ready();
  auto range = as_completed(none);
  EXPECT_EQ(range.left(), 0U);
  EXPECT_EQ(range.next_for(0s), nullptr);
}

TEST_F(AsCompletedOnce, refuses_results_that_were_moved_from) {
  Pool pool(1);
  std::vector<AsyncResult<int>> results = squares(pool, 2);
  const AsyncResult<int> taken = std::move(results[1]);
  EXPECT_THROW(static_cast<void>(as_completed(results)), UsageError);
  auto range = as_completed(results = squares(pool, 1));
  auto other = std::move(range);
  EXPECT_NE(other.next(), nullptr);
  EXPECT_THROW(range.next(), UsageError);
  EXPECT_THROW(range.left(), UsageError);
}

TEST_F(AsCompletedOnce, lets_results_be_moved_out) {
  Pool pool(2);
  std::vector<AsyncResult<int>> results = squares(pool, 100);
  int sum = 0;
  for (AsyncResult<int>& result : as_completed(results)) {
    const AsyncResult<int> taken = std::move(result);
    sum += taken.get();
  }
  EXPECT_EQ(sum, 328350);
}

TEST_F(AsCompletedOnce, loses_no_result_to_a_time_limit_or_an_end_in_between) {
  Pool pool(2);
  Gated tasks(pool, 2);
  {
    auto range = as_completed(tasks.results);
    EXPECT_THROW(range.next_until(std::chrono::steady_clock::time_point::min()), TimeoutError);
    tasks.gates[1]->open();
    EXPECT_EQ(range.next_for(std::chrono::hours::max()), &tasks.results[1]);
    EXPECT_EQ(range.left(), 1U);
  }
  auto range = as_completed(tasks.results);
  EXPECT_EQ(range.next(), &tasks.results[1]);
  tasks.gates[0]->open();
  EXPECT_EQ(range.next(), &tasks.results[0]);
}

TEST_F(AsCompletedOnce, waits_on_through_signals) {
  struct sigaction handler {};
  struct sigaction before {};
  handler.sa_handler = [](int) {};
  ::sigaction(SIGUSR1, &handler, &before);
  Pool pool(1);
  Gated tasks(pool, 1);
  std::thread waits([&] { EXPECT_EQ(as_completed(tasks.results).next(), &tasks.results[0]); });
  for (int i = 0; i < 100; ++i) {
    ::pthread_kill(waits.native_handle(), SIGUSR1);
    std::this_thread::yield();
  }
  tasks.gates[0]->open();
  waits.join();
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_F(AsCompletedOnce, gives_a_forked_child_only_what_was_ready) {
  Pool pool(1);
  std::vector<AsyncResult<int>> ready = squares(pool, 2);
  wait_all(ready);
  Gated tasks(pool, 1);
  auto range = as_completed(ready);
  range.next();
  EXPECT_EQ(in_child([&] {
              int wrong = 0;
              for (const AsyncResult<int>& result : as_completed(ready)) wrong += !result.ready();
              caught<UsageError>([&] { static_cast<void>(as_completed(tasks.results)); });
              caught<UsageError>([&] { range.next(); });
              return wrong;
            }),
            0);
  EXPECT_EQ(range.next(), &ready[1]);
  tasks.gates[0]->open();
}

TEST_F(AsCompletedOnce, of_many_results_gives_each_once) {
  Pool pool(2);
  const int count = times(20'000, 2'000);
  std::vector<AsyncResult<int>> results = squares(pool, count);
  std::vector<bool> seen(results.size());
  for (const AsyncResult<int>& result : as_completed(results)) {
    const auto index = static_cast<std::size_t>(&result - results.data());
    EXPECT_FALSE(seen[index]);
    seen[index] = true;
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), count);
}

// Ends come while watches are made, and while they are taken back.
TEST_F(AsCompletedOnce, meets_ends_at_any_moment) {
  Pool pool(2);
  for (int round = 0; round < times(500, 100); ++round) {
    std::vector<AsyncResult<int>> results = squares(pool, 1 + round % 7);
    auto range = as_completed(results);
    std::size_t count = 0;
    const std::size_t most = round % 2 ? results.size() : results.size() / 2;
    while (count < most && range.next_for(patience) != nullptr) ++count;
    EXPECT_EQ(count, most);
    EXPECT_EQ(range.left(), results.size() - most);
  }
}

}  // namespace
}  // namespace brood::testing::as_completed_test

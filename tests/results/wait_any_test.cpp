#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "pool/pool_fixture.hpp"
#include "support/in_child.hpp"

namespace brood::testing::wait_any_test {
namespace {

class WaitAny : public PoolTest {};
BROOD_FOR_EVERY_METHOD(WaitAny);
class WaitAnyOnce : public PoolCheck {};
class WaitAll : public PoolCheck {};
using Moment = std::chrono::steady_clock::time_point;

int passes(int number, const std::string& gate) {
  Gate::pass(gate);
  return number;
}

std::vector<AsyncResult<int>> squares(Pool& pool, int count) {
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < count; ++i) results.push_back(pool.apply_async(square, i));
  return results;
}

TEST_P(WaitAny, returns_the_index_of_the_result_that_is_ready) {
  Pool first = make_pool(1), second = make_pool(1);
  const Scratch scratch;
  Gate one(scratch.path("one")), two(scratch.path("two"));
  std::vector<AsyncResult<int>> results;
  results.push_back(first.apply_async(passes, 1, one.path()));
  results.push_back(second.apply_async(passes, 2, two.path()));
  EXPECT_EQ(wait_any_for(results, 1ms), std::nullopt);
  EXPECT_EQ(wait_any_until(results, Moment::min()), std::nullopt);
  std::thread opens([&] { two.open(); });
  EXPECT_EQ(wait_any(results), 1U);
  opens.join();
  EXPECT_FALSE(wait_all_for(results, 1ms));
  EXPECT_FALSE(wait_all_until(results, Moment::min()));
  one.open();
  EXPECT_TRUE(wait_all_for(results, patience));
  EXPECT_EQ(wait_any(results), 0U) << "the lowest of those that are ready";
  EXPECT_EQ(wait_any_for(results, -1h), 0U);
}

TEST_P(WaitAny, returns_when_a_pool_ends) {
  std::optional<Pool> pool(std::in_place, options(1));
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  std::vector<AsyncResult<int>> results;
  results.push_back(pool->apply_async(passes, 1, gate.path()));
  results.push_back(pool->apply_async(passes, 2, gate.path()));
  std::thread ends([&] { pool.reset(); });
  EXPECT_TRUE(wait_any_for(results, patience).has_value());
  wait_all(results);
  ends.join();
  for (const AsyncResult<int>& result : results) EXPECT_THROW(result.get(), Cancelled);
}

TEST_F(WaitAnyOnce, of_no_results_does_not_wait) {
  const std::vector<AsyncResult<int>> none;
  EXPECT_THROW(wait_any(none), UsageError);
  EXPECT_EQ(wait_any_for(none, 1h), std::nullopt);
  EXPECT_EQ(wait_any_until(none, Moment::max()), std::nullopt);
}

TEST_F(WaitAnyOnce, refuses_results_that_were_moved_from_whatever_the_others_are) {
  Pool pool(1);
  std::vector<AsyncResult<int>> results = squares(pool, 3);
  wait_all(results);
  const AsyncResult<int> taken = std::move(results[2]);
  EXPECT_THROW(wait_any(results), UsageError);
  EXPECT_THROW(wait_any_for(results, 1h), UsageError);
  EXPECT_THROW(wait_all(results), UsageError);
  EXPECT_THROW(wait_all_for(results, 1h), UsageError);
}

TEST_F(WaitAnyOnce, takes_all_results_one_after_the_other) {
  Pool pool(2);
  std::vector<AsyncResult<int>> results = squares(pool, times(500, 100));
  const std::size_t count = results.size();
  std::size_t taken = 0;
  while (!results.empty()) {
    std::swap(results[wait_any(results)], results.back());
    EXPECT_TRUE(results.back().ready());
    results.pop_back();
    ++taken;
  }
  EXPECT_EQ(taken, count);
}

TEST_F(WaitAnyOnce, may_be_called_by_several_threads_for_the_same_results) {
  Pool pool(1);
  for (int round = 0; round < times(50, 10); ++round) {
    const Scratch scratch;
    Gate gate(scratch.path("gate"));
    std::vector<AsyncResult<int>> results;
    for (int i = 0; i < 3; ++i) results.push_back(pool.apply_async(passes, i, gate.path()));
    std::atomic<std::size_t> woken = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        woken += results[wait_any(results)].ready();
        auto range = as_completed(results);
        while (range.next() != nullptr) ++woken;
      });
    }
    gate.open();
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(woken, 4U + 4U * 3U);
  }
}

TEST_F(WaitAnyOnce, gives_a_forked_child_only_what_was_ready) {
  Pool pool(1);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  std::vector<AsyncResult<int>> results;
  results.push_back(pool.apply_async(square, 1));
  results[0].wait();
  EXPECT_EQ(in_child([&] {
              wait_all(results);
              return static_cast<int>(wait_any(results));
            }),
            0);
  results[0] = pool.apply_async(passes, 1, gate.path());
  EXPECT_EQ(in_child([&] {
              caught<UsageError>([&] { wait_any(results); });
              caught<UsageError>([&] { wait_any_for(results, 1h); });
              caught<UsageError>([&] { wait_all(results); });
              return 0;
            }),
            0);
  gate.open();
  EXPECT_EQ(wait_any(results), 0U);
}

TEST_F(WaitAll, of_no_results_does_not_wait) {
  const std::vector<AsyncResult<int>> none;
  wait_all(none);
  EXPECT_TRUE(wait_all_for(none, 0s));
  EXPECT_TRUE(wait_all_until(none, Moment::min()));
}

TEST_F(WaitAll, waits_for_errors_as_for_values) {
  Pool pool(2);
  std::vector<AsyncResult<void>> results;
  results.push_back(pool.apply_async([] {}));
  results.push_back(pool.apply_async([] { throw std::out_of_range("no"); }));
  wait_all(results);
  EXPECT_TRUE(results[0].successful());
  EXPECT_FALSE(results[1].successful());
}

}  // namespace
}  // namespace brood::testing::wait_any_test

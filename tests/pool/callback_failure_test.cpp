#include <atomic>
#include <future>
#include <optional>

#include "pool/pool_fixture.hpp"
#include "support/log_catcher.hpp"

// A callback that throws, or that takes long, ends nothing but itself.
namespace brood::testing::callback_failure_test {
namespace {

class CallbackFailure : public PoolTest {};
BROOD_FOR_EVERY_METHOD(CallbackFailure);

int fails(int x) { throw std::invalid_argument(std::to_string(x)); }

void next_hundred_call_back(Pool& pool) {
  std::atomic<int> called = 0;
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < 100; ++i) {
    results.push_back(pool.apply_async(square, i));
    results.back().on_success([&](int) { ++called; });
  }
  for (int i = 0; i < 100; ++i) EXPECT_EQ(results[static_cast<std::size_t>(i)].get(), i * i);
  pool.close();
  pool.join();
  EXPECT_EQ(called, 100);
}

TEST_P(CallbackFailure, an_exception_of_on_success_changes_nothing_else) {
  Pool pool = make_pool(2);
  AsyncResult<int> result = pool.apply_async(square, 3);
  std::promise<void> second;
  result.on_success([](int) { throw std::runtime_error("from a callback"); }).on_success([&](int) {
    second.set_value();
  });
  second.get_future().get();
  EXPECT_EQ(result.get(), 9);
  next_hundred_call_back(pool);
}

TEST_P(CallbackFailure, a_number_thrown_by_on_success_changes_nothing_else) {
  Pool pool = make_pool(2);
  AsyncResult<int> result = pool.apply_async(square, 3);
  result.on_success([](int) { throw 1; });
  EXPECT_EQ(result.get(), 9);
  next_hundred_call_back(pool);
}

TEST_P(CallbackFailure, an_exception_of_on_error_changes_nothing_else) {
  Pool pool = make_pool(2);
  AsyncResult<int> result = pool.apply_async(fails, 3);
  result.on_error([](const std::exception_ptr&) { throw 1; });
  EXPECT_THROW(result.get(), std::invalid_argument);
  next_hundred_call_back(pool);
}

TEST_P(CallbackFailure, that_takes_long_does_not_keep_join_for_beyond_its_time) {
  Pool pool = make_pool(1);
  std::promise<void> begun, over;
  AsyncResult<int> result = pool.apply_async(square, 3);
  result.on_success([&](int) {
    begun.set_value();
    over.get_future().wait();
  });
  begun.get_future().wait();
  pool.close();
  EXPECT_FALSE(pool.join_for(50ms));
  over.set_value();
  pool.join();
  EXPECT_EQ(result.get(), 9);
}

// In this thread, which the exception must not leave.
TEST_P(CallbackFailure, after_the_end_of_the_pool_is_logged_too) {
  const LogCatcher log;
  std::optional<AsyncResult<int>> result;
  {
    Pool pool = make_pool(1);
    result.emplace(pool.apply_async(square, 3));
    result->wait();
  }
  int seen = 0;
  result->on_success([&](int value) {
    seen = value;
    throw std::runtime_error("out of a callback");
  });
  EXPECT_EQ(seen, 9);
  EXPECT_EQ(log.records_with("out of a callback").size(), 1U);
}

}  // namespace
}  // namespace brood::testing::callback_failure_test

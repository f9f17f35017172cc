#include <algorithm>
#include <atomic>
#include <csignal>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "pool/pool_fixture.hpp"
#include "support/log_catcher.hpp"
#include "victims/tasks.hpp"

// What becomes of an error when no thread asks for the result.
namespace brood::testing::unobserved_test {
namespace {

/// Texts of the errors that have been handed over.
class Seen {
 public:
  std::function<void(std::exception_ptr)> handler() {
    return [this](const std::exception_ptr& error) {
      const std::lock_guard lock(mutex_);
      try {
        std::rethrow_exception(error);
      } catch (const std::exception& e) {
        texts_.emplace_back(e.what());
      }
    };
  }
  std::vector<std::string> texts() {
    const std::lock_guard lock(mutex_);
    return texts_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> texts_;
};

class Unobserved : public PoolTest {
 protected:
  PoolOptions reporting(int workers) {
    PoolOptions made = options(workers);
    made.on_unobserved_error = seen_.handler();
    return made;
  }
  /// What has been reported once the pool is gone.
  std::vector<std::string> reported_at_the_end(Pool& pool) {
    pool.close();
    pool.join();
    return seen_.texts();
  }
  Seen seen_;
};
BROOD_FOR_EVERY_METHOD(Unobserved);

int fails(int x) { throw std::invalid_argument("failed at " + std::to_string(x)); }

TEST_P(Unobserved, errors_of_dropped_results_go_to_the_handler_once_each) {
  Pool pool(reporting(2));
  for (int i = 0; i < 200; ++i) static_cast<void>(pool.apply_async(fails, i));
  std::vector<std::string> texts = reported_at_the_end(pool);
  std::sort(texts.begin(), texts.end());
  EXPECT_EQ(texts.size(), 200U);
  EXPECT_EQ(std::unique(texts.begin(), texts.end()), texts.end());
}

TEST_P(Unobserved, an_error_of_a_result_that_is_dropped_later_goes_there_too) {
  Pool pool(reporting(1));
  std::optional<AsyncResult<int>> result = pool.apply_async(fails, 1);
  result->wait();
  EXPECT_TRUE(seen_.texts().empty());
  result.reset();
  EXPECT_EQ(reported_at_the_end(pool), std::vector<std::string>{"failed at 1"});
}

TEST_P(Unobserved, an_error_of_a_map_goes_there_too) {
  Pool pool(reporting(2));
  static_cast<void>(pool.map_async(fails, std::vector<int>(100, 7)));
  EXPECT_EQ(reported_at_the_end(pool), std::vector<std::string>{"failed at 7"});
}

TEST_P(Unobserved, a_lost_worker_goes_there_too) {
  Pool pool(reporting(1));
  static_cast<void>(pool.apply_async(victims::raise_signal, SIGKILL));
  const std::vector<std::string> texts = reported_at_the_end(pool);
  ASSERT_EQ(texts.size(), 1U);
  EXPECT_TRUE(contains(texts[0], "signal 9")) << texts[0];
}

TEST_P(Unobserved, errors_that_have_been_seen_do_not_go_there) {
  Pool pool(reporting(2));
  EXPECT_THROW(pool.apply(fails, 1), std::invalid_argument);
  EXPECT_THROW(pool.map(fails, std::vector{1, 2}), std::invalid_argument);
  for (auto& outcome : pool.try_map(fails, std::vector{1, 2})) EXPECT_FALSE(outcome.has_value());
  EXPECT_THROW(pool.apply_async(fails, 2).get(), std::invalid_argument);
  {
    AsyncResult<int> asked = pool.apply_async(fails, 3);
    asked.wait();
    EXPECT_FALSE(asked.successful());
  }
  std::atomic<int> calls = 0;
  static_cast<void>(
      pool.apply_async(fails, 4).on_error([&calls](const std::exception_ptr&) { ++calls; }));
  EXPECT_EQ(reported_at_the_end(pool), std::vector<std::string>{});
  EXPECT_EQ(calls, 1);
}

TEST_P(Unobserved, errors_that_were_only_waited_for_do) {
  Pool pool(reporting(1));
  {
    AsyncResult<int> result = pool.apply_async(fails, 5);
    result.on_success([](int) {});
    result.wait();
    EXPECT_TRUE(result.ready());
  }
  static_cast<void>(pool.apply_async([] { throw std::runtime_error("void"); }).on_success([] {}));
  EXPECT_EQ(reported_at_the_end(pool), (std::vector<std::string>{"failed at 5", "void"}));
}

TEST_P(Unobserved, successes_and_cancelled_tasks_do_not) {
  const LogCatcher log;
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Pool pool(reporting(1));
  static_cast<void>(pool.apply_async(square, 5));
  static_cast<void>(pool.apply_async(victims::never_returns, mailbox.path()));
  mailbox.receive();
  static_cast<void>(pool.apply_async(square, 5).cancel());
  static_cast<void>(pool.apply_async(square, 5));
  pool.terminate();
  EXPECT_EQ(reported_at_the_end(pool), std::vector<std::string>{});
  EXPECT_TRUE(log.records().empty());
}

TEST_P(Unobserved, without_a_handler_errors_are_logged) {
  const LogCatcher log;
  Pool pool = make_pool(1);
  static_cast<void>(pool.apply_async(fails, 6));
  pool.close();
  pool.join();
  ASSERT_EQ(log.records().size(), 1U);
  EXPECT_TRUE(contains(log.records()[0].text, "failed at 6")) << log.records()[0].text;
  EXPECT_EQ(log.records()[0].level, spdlog::level::err);
}

TEST_P(Unobserved, after_the_pool_errors_are_logged) {
  const LogCatcher log;
  {
    std::optional<AsyncResult<int>> result;
    {
      Pool pool(reporting(1));
      result = pool.apply_async(fails, 7);
      result->wait();
    }
    EXPECT_TRUE(log.records().empty());
  }
  EXPECT_EQ(log.records_with("failed at 7").size(), 1U);
  EXPECT_TRUE(seen_.texts().empty());
}

TEST_P(Unobserved, after_join_the_handler_and_callbacks_are_still_called) {
  Pool pool(reporting(1));
  std::optional<AsyncResult<int>> failed = pool.apply_async(fails, 8);
  AsyncResult<int> good = pool.apply_async(square, 3);
  pool.close();
  pool.join();
  failed.reset();
  EXPECT_EQ(seen_.texts(), std::vector<std::string>{"failed at 8"});
  int value = 0;
  good.on_success([&value](int x) { value = x; });
  EXPECT_EQ(value, 9);
}

TEST_P(Unobserved, a_handler_that_throws_stops_nothing) {
  const LogCatcher log;
  PoolOptions made = options(1);
  made.on_unobserved_error = [](const std::exception_ptr& error) { std::rethrow_exception(error); };
  Pool pool(made);
  for (int i = 0; i < 3; ++i) static_cast<void>(pool.apply_async(fails, i));
  EXPECT_EQ(pool.apply(square, 4), 16);
  pool.close();
  pool.join();
  EXPECT_EQ(log.records_with("failed at").size(), 3U);
}

TEST_P(Unobserved, a_handler_may_use_the_pool) {
  std::mutex mutex;
  std::vector<int> values;
  Pool* used = nullptr;
  PoolOptions made = options(1);
  made.on_unobserved_error = [&](const std::exception_ptr&) {
    const std::lock_guard lock(mutex);
    values.push_back(static_cast<int>(used->workers().size()));
  };
  Pool pool(made);
  {
    const std::lock_guard lock(mutex);
    used = &pool;
  }
  for (int i = 0; i < 10; ++i) static_cast<void>(pool.apply_async(fails, i));
  EXPECT_THROW(pool.apply(fails, 1), std::invalid_argument);
  pool.close();
  pool.join();
  EXPECT_EQ(values.size(), 10U);
}

}  // namespace
}  // namespace brood::testing::unobserved_test

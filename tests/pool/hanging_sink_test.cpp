#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "pool/pool_fixture.hpp"
#include "support/in_child.hpp"
#include "support/log_catcher.hpp"

// A sink of the log that does not return, and texts that would keep one busy.
namespace brood::testing::hanging_sink_test {
namespace {

/// Never returns from its first record, as where stderr is a pipe that is not read.
class HangingSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  void wait_until_it_hangs() {
    std::unique_lock lock(state_);
    changed_.wait(lock, [this] { return hangs_; });
  }

 private:
  void sink_it_(const spdlog::details::log_msg&) override {
    std::unique_lock lock(state_);
    hangs_ = true;
    changed_.notify_all();
    changed_.wait(lock, [] { return false; });
  }
  void flush_() override {}

  std::mutex state_;
  std::condition_variable changed_;
  bool hangs_ = false;
};

class Sinks : public PoolTest {
 protected:
  void SetUp() override {
    PoolTest::SetUp();
    expect_orphans();  // the child leaves without its helpers
  }
};
BROOD_FOR_EVERY_METHOD(Sinks);

int logs(int x) {
  spdlog::error("a record");
  return x;
}

TEST_P(Sinks, that_hang_do_not_keep_a_pool_from_ending) {
  EXPECT_EQ(in_child([&] {
              const auto sink = std::make_shared<HangingSink>();
              {
                Pool pool = make_pool(1);
                spdlog::default_logger()->sinks().assign(1, sink);
                if (pool.apply(logs, 3) != 3) return 1;
                sink->wait_until_it_hangs();
                if (pool.apply(square, 3) != 9) return 2;
              }
              return 0;
            }),
            0);
}

int throws_a_long_text(std::size_t size) { throw std::runtime_error(std::string(size, 'x')); }

TEST_P(Sinks, get_no_whole_text_of_an_error_that_is_not_asked_for) {
  const LogCatcher log;
  {
    Pool pool = make_pool(1);
    pool.apply_async(throws_a_long_text, std::size_t{10} << 20).wait();
    pool.close();
    pool.join();
  }
  const auto records = log.records_with("was not asked for");
  ASSERT_EQ(records.size(), 1U);
  EXPECT_LT(records.front().text.size(), 100'000U);
}

TEST_P(Sinks, nor_does_what_is_told_of_attempts_hold_whole_texts) {
  Pool pool = make_pool(1);
  const auto failing = pool.with({.exception_retries = 3});
  const auto error =
      caught<std::runtime_error>([&] { failing.apply(throws_a_long_text, std::size_t{1} << 20); });
  EXPECT_EQ(std::string(error.what()).size(), std::size_t{1} << 20);
  try {
    failing.apply(throws_a_long_text, std::size_t{1} << 20);
  } catch (const std::exception& again) {
    try {
      std::rethrow_if_nested(again);
    } catch (const TaskError& task) {
      EXPECT_EQ(task.earlier_attempts().size(), 3U);
      for (const std::string& text : task.earlier_attempts()) EXPECT_LT(text.size(), 100'000U);
    }
  }
}

}  // namespace
}  // namespace brood::testing::hanging_sink_test

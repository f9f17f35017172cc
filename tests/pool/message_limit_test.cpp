#include <spdlog/spdlog.h>

#include <algorithm>

#include "pool/pool_fixture.hpp"
#include "support/log_catcher.hpp"

namespace brood::testing::message_limit_test {
namespace {

/// PoolOptions::max_message_size is a limit for one argument or result, and for nothing else.
class MessageLimit : public PoolTest {
 protected:
  Pool limited(std::uint64_t limit) {
    PoolOptions made = options(2);
    made.max_message_size = limit;
    return Pool(made);
  }
};
BROOD_FOR_EVERY_METHOD(MessageLimit);

std::string text_of_length(std::size_t length) { return std::string(length, 'x'); }
int throws_of_length(int length) {
  throw std::runtime_error(std::string(static_cast<std::size_t>(length), 'e'));
}
int logs_of_length(int length) {
  spdlog::warn(std::string(static_cast<std::size_t>(length), 'l'));
  return length;
}

TEST_P(MessageLimit, is_none_for_many_small_results_together) {
  Pool pool = limited(4_KiB);
  const std::vector<int> inputs(20'000, 3);
  EXPECT_EQ(pool.with({.chunk = 5000}).map(square, inputs), std::vector<int>(20'000, 9));
  for (const Outcome<int>& outcome : pool.try_map(square, inputs)) EXPECT_EQ(outcome.value(), 9);
}

TEST_P(MessageLimit, is_none_for_exceptions_and_log_records) {
  const LogCatcher catcher;
  Pool pool = limited(4_KiB);
  const auto outcomes = pool.try_map(throws_of_length, {10, 5000, 10});
  for (const auto& outcome : outcomes) EXPECT_THROW(outcome.value(), std::runtime_error);
  EXPECT_EQ(pool.map(logs_of_length, {10, 2'000'000, 10}), (std::vector{10, 2'000'000, 10}));
}

TEST_P(MessageLimit, makes_a_codec_error_of_an_exception_beyond_all_measure) {
  Pool pool = limited(4_KiB);
  const auto error = caught<CodecError>([&] { pool.apply(throws_of_length, 5'000'000); });
  EXPECT_TRUE(contains(error.what(), "exception")) << error.what();
  EXPECT_EQ(pool.apply(square, 4), 16);
}

TEST_P(MessageLimit, is_exact_for_results) {
  Pool pool = limited(64_KiB);
  const std::size_t most = (64 << 10) - sizeof(std::uint64_t);  // the length of the text
  EXPECT_EQ(pool.apply(text_of_length, most).size(), most);
  EXPECT_THROW(pool.apply(text_of_length, most + 1), CodecError);
}

}  // namespace
}  // namespace brood::testing::message_limit_test

#include <poll.h>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "pool/pool_fixture.hpp"
#include "victims/tasks.hpp"

// Arguments that are decoded while they arrive.
namespace brood::testing::large_argument_test {
namespace {

class LargeArgument : public PoolTest {};
BROOD_FOR_EVERY_METHOD(LargeArgument);

constexpr std::size_t large = std::size_t{8} << 20;  // bytes

/// Gives up in the midst of its bytes.
struct Picky {
  std::string first, second;
  template <class Archive>
  void save(Archive& archive) const {
    archive(first, second);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(first);
    if (!first.empty() && first[0] == '!') throw std::runtime_error("not to my taste");
    if (!first.empty() && first[0] == '+') ::raise(SIGKILL);
    archive(second);
  }
};
std::size_t taste(const Picky& value) { return value.first.size() + value.second.size(); }
std::size_t length(const std::string& text) { return text.size(); }

TEST_P(LargeArgument, that_throws_in_its_midst_is_a_codec_error_and_the_pool_goes_on) {
  Pool pool = make_pool(1);
  const pid_t worker = pool.apply(::getpid);
  const Picky bad{"!", std::string(large, 'x')}, good{"", std::string(large, 'x')};
  for (int round = 0; round < 5; ++round) {
    EXPECT_THROW(pool.apply(taste, bad), CodecError);
    EXPECT_EQ(pool.apply(taste, good), large);
    EXPECT_EQ(pool.apply(square, round), round * round);
  }
  EXPECT_EQ(pool.apply(::getpid), worker);
}

// Nothing else happens in the pool.
TEST_P(LargeArgument, that_throws_in_its_midst_is_not_kept) {
  if (under_address_sanitizer) GTEST_SKIP() << "the sanitizer keeps memory that was freed";
  constexpr std::size_t mebibyte = std::size_t{1} << 20;
  Pool pool = make_pool(1);
  pool.apply(square, 1);
  const std::size_t before = resident_of(::getpid());
  EXPECT_THROW(pool.apply(taste, Picky{"!", std::string(128 * mebibyte, 'x')}), CodecError);
  const auto end = std::chrono::steady_clock::now() + patience;
  while (resident_of(::getpid()) > before + 32 * mebibyte && std::chrono::steady_clock::now() < end)
    ::poll(nullptr, 0, 1);
  EXPECT_LT(resident_of(::getpid()), before + 32 * mebibyte);
}

TEST_P(LargeArgument, that_kills_its_worker_in_its_midst_is_lost_alone) {
  Pool pool = make_pool(1);
  std::vector<Picky> values(6, Picky{"", std::string(large, 'x')});
  values[2].first = "+";
  const auto outcomes = pool.try_map(taste, values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i == 2) {
      EXPECT_THROW(outcomes[i].value(), WorkerLost);
    } else {
      EXPECT_EQ(outcomes[i].value(), large);
    }
  }
}

TEST_P(LargeArgument, of_a_map_arrives_whole) {
  Pool pool = make_pool(2);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < 12; ++i) texts.emplace_back(large / 4 + i * 100'001, 'x');
  const std::vector<std::size_t> lengths = pool.map(length, texts);
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(lengths[i], texts[i].size());
  std::size_t i = 0;
  for (const std::size_t size : pool.imap(length, texts)) EXPECT_EQ(size, texts[i++].size());
}

TEST_P(LargeArgument, goes_through_a_small_limit_of_memory_once) {
  if (under_sanitizer) GTEST_SKIP() << "a sanitizer cannot live with a limit of address space";
  // The bytes and the value beside each other would not fit.
  Pool pool({.workers = 1,
             .start_method = GetParam(),
             .limits = {.address_space = (std::uint64_t{1} << 30) + (std::uint64_t{512} << 20)},
             .max_message_size = 2_GiB});
  EXPECT_EQ(pool.apply(length, std::string(std::size_t{1} << 30, 'x')), std::size_t{1} << 30);
}

TEST_P(LargeArgument, among_small_ones_of_a_chunk_that_a_limit_of_memory_refuses_fails_alone) {
  if (under_sanitizer) GTEST_SKIP() << "a sanitizer cannot live with a limit of address space";
  Pool pool({.workers = 1,
             .start_method = GetParam(),
             .limits = {.address_space = std::uint64_t{512} << 20}});
  const pid_t worker = pool.apply(::getpid);
  std::vector<std::string> texts(20, "small");
  texts[5].assign(std::size_t{600} << 20, 'x');
  const auto outcomes = pool.with({.chunk = 20}).try_map(length, texts);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i == 5) {
      const auto refused = caught<CodecError>([&] { (void)outcomes[i].value(); });
      EXPECT_TRUE(contains(refused.what(), "limits.address_space")) << refused.what();
    } else {
      EXPECT_EQ(outcomes[i].value(), 5U) << i;
    }
  }
  EXPECT_EQ(pool.apply(::getpid), worker);
}

TEST_P(LargeArgument, results_before_it_come_home_while_it_is_written) {
  Pool pool = make_pool(1);
  AsyncResult<int> small = pool.apply_async(square, 7);
  AsyncResult<std::size_t> huge = pool.apply_async(length, std::string(large, 'x'));
  EXPECT_EQ(small.get_for(patience), 49);
  EXPECT_EQ(huge.get_for(patience), large);
}

}  // namespace
}  // namespace brood::testing::large_argument_test

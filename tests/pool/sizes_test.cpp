#include <algorithm>
#include <functional>
#include <numeric>

#include "pool/pool_fixture.hpp"

namespace brood::testing::sizes_test {
namespace {

class Sizes : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Sizes);

/// Bytes that show a shift or a hole: of the same sequence, whatever the size.
std::string pattern(std::size_t size) {
  thread_local std::string bytes;
  thread_local std::uint32_t state = 1;
  while (bytes.size() < size) {
    state = state * 1664525 + 1013904223;
    bytes.push_back(static_cast<char>(state >> 24));
  }
  return bytes.substr(0, size);
}
std::uint64_t hash_of(const std::string& bytes) { return std::hash<std::string>()(bytes); }
std::string same(std::string bytes) { return bytes; }
std::size_t length(const std::string& bytes) { return bytes.size(); }

const std::vector<std::size_t> sizes{0,
                                     1,
                                     4095,
                                     4096,
                                     (64 << 10) - 1,
                                     64 << 10,
                                     (64 << 10) + 1,
                                     (1 << 20) - 1,
                                     1 << 20,
                                     (1 << 20) + 1,
                                     16 << 20};

TEST_P(Sizes, arguments_and_results_of_many_sizes_arrive_whole) {
  Pool pool = make_pool(2);
  for (const std::size_t size : sizes) {
    const std::string bytes = pattern(size);
    EXPECT_EQ(pool.apply(hash_of, bytes), hash_of(bytes)) << size;
    EXPECT_EQ(hash_of(pool.apply(pattern, size)), hash_of(bytes)) << size;
    EXPECT_TRUE(pool.apply_async(same, bytes).get() == bytes) << size;
  }
}

TEST_P(Sizes, elements_of_many_sizes_in_one_map) {
  Pool pool = make_pool(2);
  std::vector<std::string> inputs;
  for (int round = 0; round < 3; ++round)
    for (const std::size_t size : sizes) inputs.push_back(pattern(size % (2 << 20)));
  EXPECT_TRUE(pool.map(same, inputs) == inputs);
  EXPECT_TRUE(pool.with({.chunk = 7}).map(same, inputs) == inputs);
  std::size_t i = 0;
  for (const std::string& bytes : pool.imap(same, inputs)) EXPECT_TRUE(bytes == inputs[i++]);
  EXPECT_EQ(i, inputs.size());
}

TEST_P(Sizes, vectors_of_numbers_in_both_directions) {
  Pool pool = make_pool(1);
  std::vector<double> numbers(2 << 20);
  std::iota(numbers.begin(), numbers.end(), 0.5);
  const auto reversed = [](std::vector<double> xs) {
    std::reverse(xs.begin(), xs.end());
    return xs;
  };
  const std::vector<double> found = pool.apply(reversed, numbers);
  EXPECT_TRUE(std::equal(found.rbegin(), found.rend(), numbers.begin(), numbers.end()));
}

TEST_P(Sizes, large_arguments_from_several_threads_do_not_mix) {
  Pool pool = make_pool(2);
  std::vector<AsyncResult<std::string>> results;
  for (std::size_t i = 0; i < 8; ++i)
    results.push_back(pool.apply_async(same, pattern((i + 1) << 20)));
  for (std::size_t i = 0; i < 8; ++i) EXPECT_TRUE(results[i].get() == pattern((i + 1) << 20));
}

/// Outside the default run: --gtest_also_run_disabled_tests --gtest_filter=Huge*. Needs 16
/// GiB.
class Huge : public PoolCheck {
 protected:
  void SetUp() override {
    PoolCheck::SetUp();
    ::alarm(600);
  }
};
TEST_F(Huge, DISABLED_argument_beyond_4_gib_arrives_whole) {
  Pool pool({.workers = 1, .max_message_size = 8_GiB});
  constexpr std::size_t size = (std::size_t{4} << 30) + 1;
  EXPECT_EQ(pool.apply(length, std::string(size, 'x')), size);
  EXPECT_EQ(pool.apply(square, 2), 4);
}
TEST_F(Huge, DISABLED_result_beyond_4_gib_arrives_whole) {
  Pool pool({.workers = 1, .max_message_size = 8_GiB});
  constexpr std::size_t size = (std::size_t{4} << 30) + 1;
  const std::string found = pool.apply([](std::size_t n) { return std::string(n, 'y'); }, size);
  EXPECT_EQ(found.size(), size);
  EXPECT_EQ(std::count(found.begin(), found.end(), 'y'), static_cast<std::ptrdiff_t>(size));
}
TEST_F(Huge, DISABLED_results_around_2_gib_arrive_whole) {
  Pool pool({.workers = 1, .max_message_size = 8_GiB});
  for (const std::size_t size : {(std::size_t{1} << 31) - 1, std::size_t{1} << 31})
    EXPECT_EQ(pool.apply([](std::size_t n) { return std::string(n, 'y'); }, size).size(), size);
}

}  // namespace
}  // namespace brood::testing::sizes_test

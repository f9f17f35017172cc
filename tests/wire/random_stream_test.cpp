#include <brood/random.hpp>

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace brood::testing::random_stream_test {
namespace {

std::vector<std::uint64_t> first_of(RandomStream stream, int count) {
  std::vector<std::uint64_t> numbers;
  for (int i = 0; i < count; ++i) numbers.push_back(stream());
  return numbers;
}

// The first block is that of the known answers of Random123 for key and counter 0.
TEST(RandomStream, is_philox_4x64_10) {
  EXPECT_EQ(first_of(RandomStream(0), 4),
            (std::vector<std::uint64_t>{0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b,
                                        0x7e68b68aec7ba23b}));
}

TEST(RandomStream, differs_by_seed_and_by_number) {
  const auto numbers = first_of(RandomStream(7, 3), 100);
  EXPECT_EQ(first_of(RandomStream(7, 3), 100), numbers);
  EXPECT_NE(first_of(RandomStream(7, 4), 100), numbers);
  EXPECT_NE(first_of(RandomStream(8, 3), 100), numbers);
  EXPECT_NE(first_of(RandomStream(3, 7), 100), numbers);
}

TEST(RandomStream, leaves_out_as_many_numbers_as_it_is_told) {
  const auto numbers = first_of(RandomStream(1), 64);
  for (std::size_t drawn = 0; drawn < 12; ++drawn) {
    for (std::size_t left_out = 0; left_out < 20; ++left_out) {
      RandomStream stream(1);
      for (std::size_t i = 0; i < drawn; ++i) stream();
      stream.discard(left_out);
      EXPECT_EQ(stream(), numbers[drawn + left_out]) << drawn << " drawn, " << left_out;
    }
  }
}

TEST(RandomStream, goes_far_in_one_step) {
  RandomStream far(1), steps(1);
  far.discard(std::uint64_t{1} << 40);
  for (int i = 0; i < 16; ++i) steps.discard(std::uint64_t{1} << 36);
  EXPECT_EQ(far, steps);
  EXPECT_EQ(far(), steps());
}

TEST(RandomStream, equals_a_stream_that_goes_on_alike) {
  RandomStream stream(1);
  EXPECT_EQ(stream, RandomStream(1));
  const RandomStream begun = stream;
  stream();
  EXPECT_NE(stream, begun);
  RandomStream skipped = begun;
  skipped.discard(1);
  EXPECT_EQ(stream, skipped);
}

TEST(RandomStream, serves_the_distributions_of_the_standard_library) {
  static_assert(std::uniform_random_bit_generator<RandomStream>);
  RandomStream stream(4);
  std::uniform_int_distribution<int> die(1, 6);
  std::vector<int> counts(7);
  for (int i = 0; i < 60'000; ++i) ++counts[static_cast<std::size_t>(die(stream))];
  for (int face = 1; face <= 6; ++face)
    EXPECT_NEAR(counts[static_cast<std::size_t>(face)], 10'000, 500);
}

}  // namespace
}  // namespace brood::testing::random_stream_test

#include <brood/statistics.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace brood::testing::histogram_test {
namespace {

Histogram of(const std::vector<std::uint64_t>& values) {
  Histogram histogram;
  for (const std::uint64_t value : values) histogram.add(value);
  return histogram;
}

std::uint64_t exact_quantile(std::vector<std::uint64_t> values, double p) {
  std::sort(values.begin(), values.end());
  const auto rank = std::max(1.0, std::ceil(p * static_cast<double>(values.size())));
  return values[static_cast<std::size_t>(rank) - 1];
}

void expect_near_quantiles(const std::vector<std::uint64_t>& values) {
  const Histogram histogram = of(values);
  for (const double p : {0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999}) {
    const auto exact = static_cast<double>(exact_quantile(values, p));
    const auto told = static_cast<double>(histogram.quantile(p));
    EXPECT_LE(std::abs(told - exact), 0.01 * exact) << "p = " << p;
  }
  EXPECT_EQ(histogram.quantile(0), *std::min_element(values.begin(), values.end()));
  EXPECT_EQ(histogram.quantile(1), *std::max_element(values.begin(), values.end()));
  EXPECT_EQ(histogram.min(), histogram.quantile(0));
  EXPECT_EQ(histogram.max(), histogram.quantile(1));
  EXPECT_EQ(histogram.count(), values.size());
}

TEST(Histogram, is_off_by_less_than_a_hundredth_whatever_the_distribution) {
  std::mt19937_64 random(7);
  std::vector<std::uint64_t> wide, even, narrow;
  std::lognormal_distribution<double> times(10, 3);
  for (int i = 0; i < 20'000; ++i) {
    wide.push_back(static_cast<std::uint64_t>(times(random)));
    even.push_back(random() % 1'000'000);
    narrow.push_back(999'990 + random() % 20);
  }
  expect_near_quantiles(wide);
  expect_near_quantiles(even);
  expect_near_quantiles(narrow);
}

TEST(Histogram, is_exact_for_small_numbers) {
  std::vector<std::uint64_t> values;
  for (std::uint64_t i = 0; i < 128; ++i) values.push_back(i);
  const Histogram histogram = of(values);
  for (const double p : {0.1, 0.5, 0.9})
    EXPECT_EQ(histogram.quantile(p), exact_quantile(values, p));
}

TEST(Histogram, has_each_number_in_the_bucket_that_says_so) {
  for (int power = 0; power < 64; ++power) {
    for (const std::int64_t beside : {-1, 0, 1}) {
      const std::uint64_t value = (std::uint64_t{1} << power) + static_cast<std::uint64_t>(beside);
      const Histogram histogram = of({value, 0, std::numeric_limits<std::uint64_t>::max()});
      const auto buckets = histogram.buckets();
      const auto bucket = std::find_if(buckets.begin(), buckets.end(),
                                       [value](const auto& one) { return value <= one.upper; });
      ASSERT_NE(bucket, buckets.end());
      EXPECT_LE(static_cast<double>(bucket->upper - value), static_cast<double>(value) / 64);
    }
  }
}

TEST(Histogram, says_zero_of_nothing) {
  const Histogram none;
  EXPECT_EQ(none.count(), 0u);
  EXPECT_EQ(none.quantile(0.5), 0u);
  EXPECT_EQ(none.min(), 0u);
  EXPECT_EQ(none.max(), 0u);
  EXPECT_EQ(none.mean(), 0);
  EXPECT_TRUE(none.buckets().empty());
}

TEST(Histogram, takes_a_share_that_is_none_for_the_nearest) {
  const Histogram histogram = of({5, 7});
  EXPECT_EQ(histogram.quantile(-1), 5u);
  EXPECT_EQ(histogram.quantile(2), 7u);
  EXPECT_EQ(histogram.quantile(std::numeric_limits<double>::quiet_NaN()), 5u);
}

TEST(Histogram, counts_a_number_several_times) {
  Histogram histogram;
  histogram.add(10, 3);
  histogram.add(20, 0);
  histogram.add(50);
  EXPECT_EQ(histogram.count(), 4u);
  EXPECT_EQ(histogram.max(), 50u);
  EXPECT_EQ(histogram.quantile(0.75), 10u);
  EXPECT_DOUBLE_EQ(histogram.mean(), 20);
}

TEST(Histogram, merged_says_what_one_of_all_would_say) {
  std::mt19937_64 random(8);
  Histogram all, first, second;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t value = random() >> (random() % 60);
    all.add(value);
    (i % 3 == 0 ? first : second).add(value);
  }
  Histogram merged;
  merged.merge(first);
  merged.merge(Histogram());
  merged.merge(second);
  EXPECT_EQ(merged.count(), all.count());
  EXPECT_EQ(merged.min(), all.min());
  EXPECT_EQ(merged.max(), all.max());
  EXPECT_NEAR(merged.mean(), all.mean(), all.mean() * 1e-9);
  for (const double p : {0.1, 0.5, 0.99}) EXPECT_EQ(merged.quantile(p), all.quantile(p));
}

}  // namespace
}  // namespace brood::testing::histogram_test

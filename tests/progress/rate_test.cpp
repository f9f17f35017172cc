#include "progress/rate.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace brood::progress::rate_test {
namespace {

using namespace std::chrono_literals;

constexpr Time start{1000s};

TEST(ProgressRate, is_none_before_the_first_element) {
  Rate rate(start);
  EXPECT_EQ(rate.per_second(start), 0);
  EXPECT_EQ(rate.per_second(start + 5s), 0);
  rate.add(0, start + 6s);
  EXPECT_EQ(rate.per_second(start + 6s), 0);
}

TEST(ProgressRate, of_even_elements_is_exact_at_every_moment) {
  for (const auto gap : {1ms, 100ms, 1000ms, 20000ms}) {
    Rate rate(start);
    const double exact = 1 / std::chrono::duration<double>(gap).count();
    Time now = start;
    for (int i = 0; i < 200; ++i) {
      now += gap;
      rate.add(1, now);
      ASSERT_NEAR(rate.per_second(now), exact, exact * 1e-6) << i;
      ASSERT_NEAR(rate.per_second(now + gap / 2), exact, exact * 1e-6) << i;
    }
  }
}

TEST(ProgressRate, of_chunks_does_not_fall_between_them) {
  Rate rate(start);
  Time now = start;
  for (int i = 0; i < 50; ++i) rate.add(100, now += 2s);
  for (const auto later : {0ms, 500ms, 1000ms, 1999ms})
    EXPECT_NEAR(rate.per_second(now + later), 50, 0.01);
}

TEST(ProgressRate, follows_elements_that_become_slower) {
  Rate rate(start);
  Time now = start;
  for (int i = 0; i < 1000; ++i) rate.add(1, now += 10ms);  // 10 s with 100 per second
  for (int i = 0; i < 60; ++i) rate.add(1, now += 1s);      // a minute with one
  const double mean_of_all = 1060.0 / 70;
  EXPECT_LT(rate.per_second(now), mean_of_all / 2);
  EXPECT_GT(rate.per_second(now), 0.9);
}

TEST(ProgressRate, of_a_long_call_does_not_jump_with_one_slow_element) {
  Rate rate(start);
  Time now = start;
  for (int i = 0; i < 3600; ++i) rate.add(1, now += 1s);
  rate.add(1, now += 60s);
  EXPECT_NEAR(rate.per_second(now), 1, 0.1);
}

TEST(ProgressRate, falls_while_nothing_comes) {
  Rate rate(start);
  Time now = start;
  for (int i = 0; i < 100; ++i) rate.add(1, now += 100ms);
  const double before = rate.per_second(now);
  const double after_a_minute = rate.per_second(now + 60s);
  EXPECT_NEAR(before, 10, 0.001);
  EXPECT_LT(after_a_minute, before / 3);
  EXPECT_GT(after_a_minute, 0);
  EXPECT_LT(rate.per_second(now + 600s), after_a_minute);
}

TEST(ProgressRate, takes_elements_that_come_at_the_same_moment_or_at_once) {
  Rate rate(start);
  rate.add(5, start);
  EXPECT_EQ(rate.per_second(start), 0);  // no time has passed
  rate.add(5, start + 1s);
  rate.add(5, start + 1s);
  EXPECT_GT(rate.per_second(start + 1s), 5);
  EXPECT_LT(rate.per_second(start + 1s), 20);
}

}  // namespace
}  // namespace brood::progress::rate_test

#include "progress/meter.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "progress/block.hpp"
#include "progress/pace.hpp"

namespace brood::progress::meter_test {
namespace {

using namespace std::chrono_literals;

constexpr Time start{1000s};

TEST(ProgressMeter, runs_until_all_elements_are_done) {
  Meter meter("decoding", start);
  EXPECT_FALSE(meter.running());
  EXPECT_FALSE(meter.update({0, 10, 0}, start + 1s));
  EXPECT_TRUE(meter.running());
  EXPECT_FALSE(meter.update({9, 10, 1}, start + 2s));
  EXPECT_TRUE(meter.update({10, 10, 1}, start + 3s));
  EXPECT_FALSE(meter.running());
  const View view = meter.view(start + 3s);
  EXPECT_EQ(view.progress.done, 10U);
  EXPECT_EQ(view.progress.failed, 1U);
  EXPECT_EQ(view.elapsed, 2s);
}

TEST(ProgressMeter, of_an_unknown_total_runs_until_that_is_known) {
  Meter meter("reading", start);
  EXPECT_FALSE(meter.update({5, 0, 0}, start + 1s));
  EXPECT_FALSE(meter.update({9, 0, 0}, start + 2s));
  EXPECT_TRUE(meter.update({9, 9, 0}, start + 3s));
}

TEST(ProgressMeter, counts_time_from_where_the_call_may_have_begun) {
  Meter told_late("decoding", start);
  told_late.update({5, 10, 0}, start + 10s);
  EXPECT_EQ(told_late.view(start + 10s).elapsed, 10s);
  EXPECT_NEAR(told_late.view(start + 10s).rate, 0.5, 1e-6);
  Meter told_at_once("decoding", start);
  told_at_once.update({0, 10, 0}, start + 10s);
  EXPECT_EQ(told_at_once.view(start + 10s).elapsed, 0s);
}

TEST(ProgressMeter, begins_anew_with_the_next_call) {
  Meter meter("decoding", start);
  meter.update({10, 10, 3}, start + 10s);
  EXPECT_FALSE(meter.update({1, 20, 0}, start + 11s));
  EXPECT_EQ(meter.view(start + 11s).elapsed, 1s);
  EXPECT_NEAR(meter.view(start + 11s).rate, 1, 1e-6);
  EXPECT_TRUE(meter.is_of_next_call({0, 20, 0}));
  EXPECT_FALSE(meter.is_of_next_call({1, 20, 0}));
}

TEST(ProgressMeter, wants_a_plain_line_after_five_seconds_and_then_ever_less_often) {
  Meter meter("decoding", start);
  std::vector<int> seconds;
  for (int second = 0; second <= 300; ++second) {
    const Time now = start + std::chrono::seconds(second);
    meter.update({1, 10, 0}, now);
    if (meter.plain_line_is_due(now)) seconds.push_back(second);
  }
  const std::vector<int> expected{5,  10, 15,  20,  25,  30,  35,  40,  45,  50,  55,  61,  68, 75,
                                  83, 92, 102, 113, 125, 138, 152, 168, 185, 204, 225, 248, 273};
  EXPECT_EQ(seconds, expected);
}

TEST(ProgressMeter, wants_no_plain_line_without_a_call) {
  Meter meter("decoding", start);
  EXPECT_FALSE(meter.plain_line_is_due(start + 100s));
  meter.update({10, 10, 0}, start + 200s);
  EXPECT_FALSE(meter.plain_line_is_due(start + 300s));
}

TEST(ProgressPace, updates_ten_times_in_any_second) {
  Pace pace;
  int painted = 0;
  for (auto passed = 0ms; passed < 10s; passed += 1ms) {
    if (!pace.may_update(start + passed)) continue;
    pace.painted(start + passed);
    ++painted;
  }
  EXPECT_EQ(painted, 100);
}

TEST(ProgressPace, restores_at_once_but_no_more_often) {
  Pace pace;
  std::vector<Time> painted;
  for (auto passed = 0ms; passed < 5s; passed += 1ms) {
    if (!pace.may_restore(start + passed)) continue;
    pace.painted(start + passed);
    painted.push_back(start + passed);
  }
  ASSERT_EQ(painted.size(), 50U);
  EXPECT_EQ(painted[1] - painted[0], 1ms);
  for (std::size_t i = 10; i < painted.size(); ++i) EXPECT_GE(painted[i] - painted[i - 10], 1s);
}

TEST(ProgressBlock, writes_nothing_where_nothing_is_shown) {
  Block block;
  EXPECT_EQ(block.take_down(), "");
  EXPECT_EQ(block.paint({}), "");
  block.paint({"one"});
  EXPECT_TRUE(block.shown());
  EXPECT_EQ(block.paint({}), "\r\x1b[J");
  EXPECT_FALSE(block.shown());
}

}  // namespace
}  // namespace brood::progress::meter_test

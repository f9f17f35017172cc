#include "progress/line.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <string>

#include "progress/text.hpp"

namespace brood::progress::line_test {
namespace {

using namespace std::chrono_literals;

View decoding() { return {"decoding", {430, 1000, 2}, 83.2, 5s}; }

TEST(ProgressLine, says_all_where_there_is_room) {
  EXPECT_EQ(running_line(decoding(), 72),
            "decoding  43% [########............]  430/1000 83.2/s 0:07 left 2 failed");
}

TEST(ProgressLine, gives_the_bar_what_is_left) {
  for (const std::size_t columns : {71U, 79U, 100U, 200U})
    EXPECT_EQ(columns_of(running_line(decoding(), columns)), columns);
}

TEST(ProgressLine, drops_what_matters_least_first) {
  const auto line = [](std::size_t columns) { return running_line(decoding(), columns); };
  EXPECT_EQ(line(60), "decoding  43%  430/1000 83.2/s 0:07 left 2 failed");
  EXPECT_EQ(line(47), "decoding  43% 83.2/s 0:07 left 2 failed");
  EXPECT_EQ(line(35), "decoding  43% 0:07 left 2 failed");
  EXPECT_EQ(line(30), "decoding  43% 0:07 2 failed");
  EXPECT_EQ(line(25), "deco..  43% 0:07 2 failed");
  EXPECT_EQ(line(19), " 43% 0:07 2 failed");
  EXPECT_EQ(line(15), " 43% 2 failed");
  EXPECT_EQ(line(6), " 43%");
  EXPECT_EQ(line(2), " 4");
}

TEST(ProgressLine, is_never_wider_than_asked_for) {
  View view;
  for (const char* label : {"", "d", "a much longer label than usual", "解码文件解码文件"}) {
    view.label = label;
    for (const Progress& progress :
         {Progress{0, 0, 0}, Progress{7, 0, 3}, Progress{0, 9, 0}, Progress{8, 9, 8},
          Progress{123456789, 999999999, 1234567}, Progress{9, 9, 0}, Progress{12, 9, 12}}) {
      view.progress = progress;
      for (const double rate : {0.0, 1e-9, 0.01, 1.0, 12345.0, 1e12}) {
        view.rate = rate;
        view.elapsed = 1000000s;
        for (std::size_t columns = 1; columns < 130; ++columns) {
          ASSERT_LE(columns_of(running_line(view, columns)), columns);
          ASSERT_LE(columns_of(last_line(view, columns)), columns);
        }
      }
    }
  }
}

TEST(ProgressLine, without_a_total_has_count_and_rate_only) {
  const View view{"reading", {1234, 0, 0}, 83.2, 5s};
  EXPECT_EQ(running_line(view, 79), "reading 1234 83.2/s");
  EXPECT_EQ(running_line({"reading", {1234, 0, 1}, 0, 5s}, 79), "reading 1234 1 failed");
}

TEST(ProgressLine, does_not_guess_the_time_before_the_first_element) {
  EXPECT_EQ(running_line({"decoding", {0, 1000, 0}, 0, 5s}, any_length), "decoding   0%    0/1000");
}

TEST(ProgressLine, is_done_only_when_all_elements_are) {
  EXPECT_NE(running_line({"", {999, 1000, 0}, 1, 5s}, 79).find(" 99%"), std::string::npos);
}

TEST(ProgressLine, is_of_text_alone_in_a_log) {
  EXPECT_EQ(running_line(decoding(), any_length),
            "decoding  43%  430/1000 83.2/s 0:07 left 2 failed");
}

TEST(ProgressLine, at_the_end_tells_the_time_that_it_took) {
  EXPECT_EQ(last_line({"decoding", {1000, 1000, 2}, 99, 12500ms}, 79),
            "decoding 100% 1000/1000 80.0/s in 0:13 2 failed");
  EXPECT_EQ(last_line({"reading", {50, 0, 0}, 99, 100s}, 79), "reading 50 0.50/s in 1:40");
}

TEST(ProgressLine, at_an_early_end_says_so) {
  EXPECT_EQ(last_line({"decoding", {430, 1000, 1}, 99, 10s}, 79),
            "decoding  43%  430/1000 43.0/s stopped after 0:10 1 failed");
  EXPECT_EQ(last_line({"", {0, 10, 0}, 0, 0s}, 79), "  0%  0/10 stopped after 0:00");
}

TEST(ProgressLine, tells_times_as_clocks_do) {
  EXPECT_EQ(as_time(0s), "0:00");
  EXPECT_EQ(as_time(59.6s), "1:00");
  EXPECT_EQ(as_time(61s), "1:01");
  EXPECT_EQ(as_time(3599s), "59:59");
  EXPECT_EQ(as_time(3723s), "1:02:03");
  EXPECT_EQ(as_time(47h + 59min), "47:59:00");
  EXPECT_EQ(as_time(49h), "2 days");
  EXPECT_EQ(as_time(std::chrono::duration<double>(1e300)), "1000000 days");
  EXPECT_EQ(as_time(-1s), "0:00");
}

TEST(ProgressLine, tells_rates_with_three_digits) {
  EXPECT_EQ(as_rate(83.2), "83.2/s");
  EXPECT_EQ(as_rate(832.4), "832/s");
  EXPECT_EQ(as_rate(1500), "1.50k/s");
  EXPECT_EQ(as_rate(2.5e6), "2.50M/s");
  EXPECT_EQ(as_rate(0.25), "0.25/s");
  EXPECT_EQ(as_rate(2.0 / 60), "2.00/min");
  EXPECT_EQ(as_rate(3.0 / 3600), "3.00/h");
}

}  // namespace
}  // namespace brood::progress::line_test

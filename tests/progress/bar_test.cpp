#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <termios.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <brood/progress.hpp>
#include "base/log.hpp"
#include "progress/terminal.hpp"
#include "support/in_child.hpp"
#include "support/leak_check.hpp"

// A bar on a real terminal, without a pool.
namespace brood::testing::bar_test {
namespace {

using namespace std::chrono_literals;
using Rows = std::vector<std::string>;

class Bar : public LeakCheck {
 protected:
  void SetUp() override {
    ::alarm(100);  // a hang is a failure, not a wait
    LeakCheck::SetUp();
  }
  void TearDown() override {
    LeakCheck::TearDown();
    ::alarm(0);
  }
};

bool begins(const std::string& text, const std::string& beginning) {
  return text.compare(0, beginning.size(), beginning) == 0;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Tells the bar until it is painted: it may be too soon after the last time.
void paint(Terminal& terminal, const ProgressBar& bar, const Progress& progress) {
  const auto end = std::chrono::steady_clock::now() + patience;
  terminal.written();
  do {
    bar(progress);
  } while (terminal.written().empty() && std::chrono::steady_clock::now() < end);
}

TEST_F(Bar, is_the_last_line_of_a_terminal) {
  Terminal terminal;
  const ProgressBar bar("decoding");
  EXPECT_EQ(terminal.written(), "");
  paint(terminal, bar, {0, 10});
  EXPECT_EQ(terminal.screen().rows(), Rows{"decoding   0% [" + std::string(57, '.') + "]  0/10"});
  paint(terminal, bar, {5, 10, 2});
  const Rows rows = terminal.screen().rows();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_TRUE(begins(rows[0], "decoding  50% [####")) << rows[0];
  EXPECT_TRUE(has(rows[0], " left 2 failed")) << rows[0];
  EXPECT_EQ(terminal.screen().breaks(), 0U);
}

TEST_F(Bar, leaves_a_last_line_when_all_is_done) {
  Terminal terminal;
  {
    const ProgressBar bar("decoding");
    bar({0, 10});
    bar({10, 10});
    std::cerr << "and now?\n";
  }
  const Rows rows = terminal.screen().rows();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_TRUE(begins(rows[0], "decoding 100% 10/10 ")) << rows[0];
  EXPECT_EQ(rows[1], "and now?");
}

TEST_F(Bar, leaves_a_last_line_when_its_last_handle_goes) {
  Terminal terminal;
  {
    const ProgressBar bar("decoding");
    const ProgressBar copy = bar;  // NOLINT(performance-unnecessary-copy-initialization)
    copy({5, 10});
  }
  const Rows rows = terminal.screen().rows();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_TRUE(has(rows[0], " 5/10")) << rows[0];
  EXPECT_TRUE(has(rows[0], "stopped after 0:00")) << rows[0];
}

TEST_F(Bar, leaves_a_last_line_of_each_call) {
  Terminal terminal;
  {
    const ProgressBar bar("part");
    bar({10, 10});
    bar({3, 20});
    bar({0, 30});  // the one before was not finished
    bar({30, 30});
  }
  const Rows rows = terminal.screen().rows();
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_TRUE(has(rows[0], "10/10")) << rows[0];
  EXPECT_TRUE(has(rows[1], "3/20") && has(rows[1], "stopped")) << rows[1];
  EXPECT_TRUE(has(rows[2], "30/30")) << rows[2];
}

TEST_F(Bar, shows_nothing_where_nothing_is_told) {
  Terminal terminal;
  { const ProgressBar bar("decoding"); }
  EXPECT_EQ(terminal.written(), "");
}

TEST_F(Bar, never_breaks_a_line_of_a_narrow_terminal) {
  for (const unsigned short columns : std::vector<unsigned short>{1, 2, 5, 20, 40, 200}) {
    Terminal terminal(columns);
    {
      const ProgressBar bar("a label that is longer than many a terminal is wide");
      paint(terminal, bar, {0, 1000000});
      paint(terminal, bar, {777777, 1000000, 123456});
      bar({1000000, 1000000, 123456});
    }
    EXPECT_EQ(terminal.screen().breaks(), 0U) << columns;
    EXPECT_EQ(terminal.screen().rows().size(), 1U) << columns;
  }
}

TEST_F(Bar, is_as_wide_as_the_terminal_is_now) {
  Terminal terminal(100);
  const ProgressBar bar("decoding");
  paint(terminal, bar, {1, 10});
  EXPECT_EQ(terminal.screen().rows()[0].size(), 99U);
  terminal.narrow(20);
  EXPECT_EQ(terminal.screen().rows().size(), 5U);  // the old one, broken by the terminal
  paint(terminal, bar, {2, 10});
  const Rows rows = terminal.screen().rows();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_LT(rows[0].size(), 20U);
  EXPECT_TRUE(has(rows[0], " 20%")) << rows[0];
  EXPECT_EQ(terminal.screen().breaks(), 0U);
}

TEST_F(Bar, counts_columns_and_lets_no_label_command_the_terminal) {
  Terminal terminal(60);
  {
    const ProgressBar bar("解码\x1b[2J\r\n\u202e文件解码文件解码文件解码文件解码文件");
    paint(terminal, bar, {0, 0});
    paint(terminal, bar, {7, 0});
  }
  const Rows rows = terminal.screen().rows();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_TRUE(begins(rows[0], "解码\\x1b[2J\\r ?文件")) << rows[0];
  EXPECT_EQ(terminal.screen().breaks(), 0U);
  EXPECT_EQ(terminal.screen().unknown(), Rows());
}

TEST_F(Bar, is_painted_ten_times_a_second_at_most) {
  Terminal terminal;
  const ProgressBar bar("counting");
  const auto start = std::chrono::steady_clock::now();
  std::size_t painted = 0;
  for (std::size_t done = 1; painted < 7; ++done) {
    bar({done, 0});
    if (done % 64 == 0) {
      const std::string text = terminal.written();
      painted += static_cast<std::size_t>(std::count(text.begin(), text.end(), 'J'));
    }
  }
  EXPECT_GE(std::chrono::steady_clock::now() - start, 600ms);
}

TEST_F(Bar, makes_room_for_lines_of_the_log) {
  Terminal terminal(150);
  // In a process that has painted nothing yet, so that it is not too soon for the bar to come back.
  const auto logs = [] {
    const auto* const bar = new ProgressBar("decoding");  // still there when the process ends
    (*bar)({1, 10});
    base::log_warning("hm");
    spdlog::info("oh");
    const auto own = std::make_shared<spdlog::sinks::ostream_sink_mt>(std::cerr);
    spdlog::register_logger(std::make_shared<spdlog::logger>("own", own));
    base::log_from_worker("W-1", spdlog::level::info, "own", "ah");
    return 0;
  };
  terminal.with_stdout([&] { in_child(logs); });
  const Rows rows = terminal.screen().rows();
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_TRUE(begins(rows[0], "[") && rows[0].ends_with("] brood: hm")) << rows[0];
  EXPECT_TRUE(begins(rows[1], "[") && rows[1].ends_with("] oh")) << rows[1];
  EXPECT_TRUE(begins(rows[2], "[") && rows[2].ends_with("[W-1] ah")) << rows[2];
  EXPECT_TRUE(begins(rows[3], "decoding  10% [##")) << rows[3];
}

TEST_F(Bar, makes_room_for_what_the_program_prints) {
  Terminal terminal;
  const ProgressBar bar("decoding");
  paint(terminal, bar, {1, 10});
  terminal.with_stdout([&] {
    bar.above([&] {
      std::cout << "a line" << std::endl;
      bar({2, 10});  // not in the midst of it
      bar({10, 10});
      spdlog::info("a record");
      std::cerr << "another line\n";
    });
  });
  EXPECT_THROW(bar.above([] { throw std::logic_error("no line"); }), std::logic_error);
  const Rows rows = terminal.screen().rows();
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0], "a line");
  EXPECT_TRUE(has(rows[1], "a record"));
  EXPECT_EQ(rows[2], "another line");
  EXPECT_TRUE(begins(rows[3], "decoding 100% 10/10")) << rows[3];
}

TEST_F(Bar, is_not_painted_while_the_program_prints) {
  Terminal terminal;
  const ProgressBar bar("decoding");
  paint(terminal, bar, {1, 10});
  bar.above([&] {
    EXPECT_EQ(terminal.screen().rows(), Rows());
    const auto end = std::chrono::steady_clock::now() + 300ms;
    while (std::chrono::steady_clock::now() < end) bar({2, 10});
    EXPECT_EQ(terminal.written(), "");
  });
}

TEST_F(Bar, stands_below_the_one_that_began_before) {
  Terminal terminal(40);
  const ProgressBar first("first"), second("second"), third("third");
  first({1, 10});
  second({2, 10});
  paint(terminal, third, {3, 10});
  Rows rows = terminal.screen().rows();
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_TRUE(begins(rows[0], "first  10%")) << rows[0];
  EXPECT_TRUE(begins(rows[1], "second  20%")) << rows[1];
  EXPECT_TRUE(begins(rows[2], "third  30%")) << rows[2];
  second({10, 10});
  paint(terminal, first, {1, 10});
  rows = terminal.screen().rows();
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_TRUE(begins(rows[0], "second 100% 10/10")) << rows[0];
  EXPECT_TRUE(begins(rows[1], "first  10%")) << rows[1];
  EXPECT_TRUE(begins(rows[2], "third  30%")) << rows[2];
}

TEST_F(Bar, that_finds_no_row_is_not_shown) {
  Terminal terminal(40, 3);
  const std::vector<ProgressBar> bars{ProgressBar("a"), ProgressBar("b"), ProgressBar("c")};
  for (const ProgressBar& bar : bars) bar({1, 10});
  paint(terminal, bars[2], {2, 10});
  EXPECT_EQ(terminal.screen().rows().size(), 2U);
  bars[2]({10, 10});
  EXPECT_TRUE(begins(terminal.screen().rows()[0], "c 100%"));
}

TEST_F(Bar, waits_for_no_terminal_that_is_stopped) {
  Terminal terminal;
  const ProgressBar bar("decoding");
  paint(terminal, bar, {0, 10});
  ::tcflow(terminal.descriptor(), TCOOFF);
  const auto end = std::chrono::steady_clock::now() + 300ms;
  while (std::chrono::steady_clock::now() < end) bar({1, 10});
  EXPECT_EQ(terminal.read_some(), "");
  ::tcflow(terminal.descriptor(), TCOON);
  paint(terminal, bar, {2, 10});
  EXPECT_TRUE(begins(terminal.screen().rows()[0], "decoding  20%"));
}

// There is some room long before a line finds none.
TEST_F(Bar, waits_for_no_terminal_that_nobody_reads) {
  Terminal terminal;
  const auto has_room = [&terminal] {
    pollfd ready{terminal.descriptor(), POLLOUT, 0};
    return ::poll(&ready, 1, 0) == 1;
  };
  do {
    const ProgressBar bar("decoding");
    bar({1, 10});
  } while (has_room());
  while (!terminal.read_some().empty()) {
  }
}

TEST_F(Bar, of_a_parent_does_nothing_in_its_forked_child) {
  Terminal terminal;
  const ProgressBar bar("parent's");
  paint(terminal, bar, {1, 10});
  EXPECT_EQ(in_child([&] {
              bar({5, 10});
              bar({10, 10});
              base::log_info("a line of the child's");
              return 0;
            }),
            0);
  EXPECT_TRUE(has(terminal.written(), "a line of the child's"));
  EXPECT_EQ(in_child([] {
              const ProgressBar own("child's");
              own({10, 10});
              return 0;
            }),
            0);
  const std::string text = terminal.written();
  EXPECT_TRUE(has(text, "child's 100%")) << text;
  EXPECT_FALSE(has(text, "parent's")) << text;
}

void expect_one_plain_line(const std::string& text) {
  EXPECT_TRUE(begins(text, "decoding 100% 10/10 ")) << text;
  EXPECT_TRUE(has(text, " in 0:00 2 failed")) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_FALSE(has(text, "\x1b")) << text;
}

int count_to_ten() {
  const ProgressBar bar("decoding");
  for (std::size_t done = 0; done <= 10; ++done) bar({done, 10, done / 5});
  return 0;
}

TEST_F(Bar, writes_a_plain_line_where_stderr_is_no_terminal) {
  ::testing::internal::CaptureStderr();
  count_to_ten();
  expect_one_plain_line(::testing::internal::GetCapturedStderr());
}

TEST_F(Bar, writes_a_plain_line_where_the_terminal_is_dumb) {
  Terminal terminal;
  const auto count = [] {
    ::setenv("TERM", "dumb", 1);
    return count_to_ten();
  };
  EXPECT_EQ(in_child(count), 0);
  expect_one_plain_line(terminal.written());
}

}  // namespace
}  // namespace brood::testing::bar_test

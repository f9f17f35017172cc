#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <iostream>
#include <numeric>
#include <set>
#include <thread>

#include "output/output_fixture.hpp"
#include "progress/terminal.hpp"

// Lines of tasks on a terminal that shows a progress bar.
namespace brood::testing::terminal_test {
namespace {

class OnTerminal : public OutputTest {};
BROOD_FOR_EVERY_METHOD(OnTerminal);

int says_and_pauses(int x) {
  std::cerr << "half a line, ";
  ::usleep(20'000);  // the bar would like to be painted
  std::cerr << "and the rest of " << x << '\n';
  return x;
}

TEST_P(OnTerminal, a_bar_makes_room_for_lines_and_stays_below_them) {
  std::vector<int> xs(15);
  std::iota(xs.begin(), xs.end(), 0);
  Pool pool = make_pool(2);
  Terminal terminal;
  {
    const ProgressBar bar("parts");
    CallOptions options = prefixing();
    options.progress = bar;
    pool.with(options).map(says_and_pauses, xs);
  }
  std::vector<std::string> rows = terminal.screen().rows();
  ASSERT_EQ(rows.size(), xs.size() + 1);
  EXPECT_EQ(rows.back().substr(0, 16), "parts 100% 15/15");
  rows.pop_back();
  std::multiset<std::string> seen, expected;
  for (const std::string& row : rows) {
    EXPECT_EQ(row.front(), '[') << row;
    seen.insert(row.substr(row.find("half")));
  }
  for (const int x : xs) expected.insert("half a line, and the rest of " + std::to_string(x));
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(terminal.screen().breaks(), 0U);
}

}  // namespace
}  // namespace brood::testing::terminal_test

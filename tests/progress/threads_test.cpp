#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "pool/pool_fixture.hpp"
#include "progress/terminal.hpp"

// Bars of several threads at once, beside lines of the log.
namespace brood::testing::threads_test {
namespace {

class ProgressOfThreads : public PoolCheck {};

constexpr std::size_t bars = 4;
constexpr std::size_t lines = 50;  // of each thread

void count_and_log(std::size_t thread) {
  const ProgressBar bar("bar " + std::to_string(thread));
  for (std::size_t done = 1; done <= lines; ++done) {
    bar({done, lines});
    base::log_info("line " + std::to_string(done) + " of thread " + std::to_string(thread) + ".");
  }
}

TEST_F(ProgressOfThreads, mix_no_lines) {
  Terminal terminal(200, 50);
  { const ProgressBar first("its sinks are changed before there are threads"); }
  terminal.with_stdout([&] {
    std::atomic<std::size_t> running{bars};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < bars; ++i)
      threads.emplace_back([&running, i] {
        count_and_log(i);
        --running;
      });
    while (running != 0) terminal.written();
    for (std::thread& thread : threads) thread.join();
  });
  std::vector<std::string> rows = terminal.screen().rows();
  EXPECT_EQ(terminal.screen().breaks(), 0U);
  EXPECT_EQ(rows.size(), bars * (lines + 1));
  for (std::size_t i = 0; i < bars; ++i) {
    for (std::size_t line = 1; line <= lines; ++line) {
      const std::string text =
          "] brood: line " + std::to_string(line) + " of thread " + std::to_string(i) + ".";
      EXPECT_EQ(std::count_if(
                    rows.begin(), rows.end(),
                    [&](const std::string& row) { return row[0] == '[' && row.ends_with(text); }),
                1)
          << text;
    }
    const std::string last = "bar " + std::to_string(i) + " 100% 50/50";
    EXPECT_EQ(std::count_if(rows.begin(), rows.end(),
                            [&](const std::string& row) { return row.starts_with(last); }),
              1)
        << last;
  }
}

}  // namespace
}  // namespace brood::testing::threads_test

#include <poll.h>

#include <csignal>
#include <cstdio>
#include <iostream>
#include <map>
#include <numeric>
#include <set>
#include <thread>

#include "output/output_fixture.hpp"
#include "support/in_child.hpp"

// What elements write, as lines of the program's own.
namespace brood::testing::prefix_test {
namespace {

class Prefixed : public OutputTest {};
BROOD_FOR_EVERY_METHOD(Prefixed);

// "[worker #element] text"
struct Line {
  std::string worker, text;
  int element = -1;
  explicit Line(const std::string& line) {
    const std::size_t hash = line.find(" #"), end = line.find("] ");
    if (!line.starts_with('[') || hash == std::string::npos || end == std::string::npos) return;
    worker = line.substr(1, hash - 1);
    element = std::stoi(line.substr(hash + 2, end - hash - 2));
    text = line.substr(end + 2);
  }
};

std::string says(int x) {
  std::printf("out %d\n", x);
  std::cerr << "err " << x << '\n';
  std::printf("no newline");
  return this_worker::name();
}

TEST_P(Prefixed, lines_have_worker_and_element_in_front_and_go_to_the_programs_streams) {
  std::vector<std::string> names, out, err;
  {
    const InFile in_out(STDOUT_FILENO), in_err(STDERR_FILENO);
    Pool pool = make_pool(2);
    names = pool.with(prefixing()).map(says, std::vector<int>{10, 11, 12});
    out = in_out.lines();
    err = in_err.lines();
  }
  ASSERT_EQ(out.size(), 6u);
  ASSERT_EQ(err.size(), 3u);
  std::multiset<std::string> expected_out, expected_err;
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string prefix = "[" + names[i] + " #" + std::to_string(i) + "] ";
    expected_out.insert(prefix + "out " + std::to_string(10 + i));
    expected_out.insert(prefix + "no newline");
    expected_err.insert(prefix + "err " + std::to_string(10 + i));
  }
  EXPECT_EQ(std::multiset<std::string>(out.begin(), out.end()), expected_out);
  EXPECT_EQ(std::multiset<std::string>(err.begin(), err.end()), expected_err);
}

constexpr int lines_of_each = 200;
std::string text_of(int x, int i) {
  return std::to_string(x) + ":" + std::to_string(i) +
         std::string(static_cast<std::size_t>(i % 7 == 0 ? 9000 : i),
                     'a' + static_cast<char>(x % 26));
}
int writes_lines(int x) {
  for (int i = 0; i < lines_of_each; ++i) {
    const std::string line = text_of(x, i) + "\n";
    const std::size_t half = line.size() / 2;
    write_to(STDOUT_FILENO, std::string_view(line).substr(0, half));
    write_to(STDOUT_FILENO, std::string_view(line).substr(half));
  }
  return x;
}

// A pipe takes long lines in parts, so what a reader of it gets says most.
TEST_P(Prefixed, lines_of_eight_workers_are_whole_and_each_comes_once) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  std::string all;
  std::thread reader([&] {
    char buffer[65536];
    for (ssize_t count; (count = ::read(ends[0], buffer, sizeof buffer)) > 0;)
      all.append(buffer, static_cast<std::size_t>(count));
  });
  const int before = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 20);
  ::dup2(ends[1], STDOUT_FILENO);
  std::vector<int> xs(40);
  std::iota(xs.begin(), xs.end(), 0);
  {
    Pool pool = make_pool(8);
    pool.with(prefixing()).map(writes_lines, xs);
  }
  start::drop_forkserver();
  ::dup2(before, STDOUT_FILENO);
  ::close(before);
  ::close(ends[1]);
  reader.join();
  ::close(ends[0]);
  std::map<int, int> next;
  std::size_t lines = 0;
  for (std::size_t begin = 0; begin < all.size(); ++lines) {
    const std::size_t end = all.find('\n', begin);
    ASSERT_NE(end, std::string::npos);
    const Line line(all.substr(begin, end - begin));
    ASSERT_GE(line.element, 0);
    ASSERT_EQ(line.text, text_of(line.element, next[line.element]++));
    begin = end + 1;
  }
  EXPECT_EQ(lines, xs.size() * lines_of_each);
}

[[noreturn]] void dies() {
  write_to(STDOUT_FILENO, "whole\nhalf");
  ::raise(SIGKILL);
  ::_exit(1);
}

TEST_P(Prefixed, a_line_that_a_dead_worker_has_begun_is_completed) {
  std::vector<std::string> lines;
  {
    const InFile out(STDOUT_FILENO);
    {
      Pool pool = make_pool(1);
      EXPECT_THROW(pool.with(prefixing()).apply(dies), WorkerLost);
    }
    lines = out.lines();
  }
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(Line(lines[0]).text, "whole");
  EXPECT_EQ(Line(lines[1]).text, "half");
}

int prints(int x) { return std::printf("line %d\n", x); }

TEST_P(Prefixed, a_program_without_stdout_and_stderr_goes_on) {
  expect_orphans();  // the child leaves without its helpers
  EXPECT_EQ(in_child([&] {
              Pool pool = make_pool(2);
              ::close(STDOUT_FILENO);
              ::close(STDERR_FILENO);
              const auto counts = pool.with(prefixing()).map(prints, std::vector<int>{1, 2, 3});
              return counts == std::vector<int>{7, 7, 7} ? 0 : 1;
            }),
            0);
}

TEST_P(Prefixed, a_reader_that_has_gone_ends_nothing) {
  expect_orphans();  // the child leaves without its helpers
  EXPECT_EQ(in_child([&] {
              int ends[2];
              if (::pipe(ends) != 0) return 2;
              Pool pool = make_pool(1);
              ::dup2(ends[1], STDOUT_FILENO);
              ::close(ends[1]);
              ::close(ends[0]);
              pool.with(prefixing()).map(prints, std::vector<int>{1, 2, 3});
              return 0;
            }),
            0);
}

TEST_P(Prefixed, a_full_pipe_stops_the_element_and_neither_other_calls_nor_the_end_of_the_pool) {
  expect_orphans();  // the child leaves without its helpers
  EXPECT_EQ(in_child([&] {
              int ends[2];
              if (::pipe(ends) != 0) return 2;
              ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
              const std::string much(65536, 'x');
              while (::write(ends[1], much.data(), much.size()) > 0) {
              }
              ::fcntl(ends[1], F_SETFL, 0);
              const int before = ::dup(STDOUT_FILENO);
              ::dup2(ends[1], STDOUT_FILENO);
              bool good = true;
              {
                Pool pool = make_pool(2);
                auto stuck = pool.with(prefixing()).apply_async(prints, 1);
                const auto other = pool.with(capturing()).try_map(prints, std::vector<int>{2});
                good = other[0].output() == "line 2\n" && !stuck.wait_for(50ms);
              }
              ::dup2(before, STDOUT_FILENO);
              return good ? 0 : 1;
            }),
            0);
}

TEST_P(Prefixed, several_pools_do_not_mix_their_lines) {
  std::vector<std::string> lines;
  {
    const InFile out(STDOUT_FILENO);
    Pool one = make_pool(2), other = make_pool(2);
    auto first = one.with(prefixing()).map_async(writes_lines, std::vector<int>(4, 1));
    auto second = other.with(prefixing()).map_async(writes_lines, std::vector<int>(4, 2));
    first.get();
    second.get();
    lines = out.lines();
  }
  EXPECT_EQ(lines.size(), 8u * lines_of_each);
  for (const std::string& line : lines) EXPECT_GE(Line(line).element, 0) << line;
}

}  // namespace
}  // namespace brood::testing::prefix_test

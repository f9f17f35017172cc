#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <numeric>

#include "output/output_fixture.hpp"

// What elements write, for their outcomes.
namespace brood::testing::capture_test {
namespace {

class Captured : public OutputTest {};
BROOD_FOR_EVERY_METHOD(Captured);

int writes_in_every_way(int x) {
  std::printf("printf %d\n", x);
  std::cout << "cout " << x << '\n';
  std::cerr << "cerr " << x << '\n';
  write_to(STDOUT_FILENO, "write " + std::to_string(x) + "\n");
  if (std::system("echo child; echo its error >&2") != 0) throw std::runtime_error("no shell");
  std::printf("no newline");
  return x;
}
std::string in_every_way(int x) {
  const std::string number = std::to_string(x) + "\n";
  return "printf " + number + "cout " + number + "cerr " + number + "write " + number +
         "child\nits error\nno newline";
}

TEST_P(Captured, output_comes_with_the_outcome_in_the_order_in_which_it_was_written) {
  Pool pool = make_pool(2);
  std::vector<int> xs(8);
  std::iota(xs.begin(), xs.end(), 0);
  for (const auto& outcome : pool.with(capturing()).try_map(writes_in_every_way, xs)) {
    EXPECT_EQ(outcome.value(), static_cast<int>(outcome.index()));
    EXPECT_EQ(outcome.output(), in_every_way(outcome.value()));
  }
}

int says(int x) {
  if (x % 3 != 0) std::printf("element %d", x);
  return x;
}
void expect_said(const auto& outcome, int x) {
  EXPECT_EQ(outcome.output(), x % 3 == 0 ? "" : "element " + std::to_string(x));
}

TEST_P(Captured, output_of_many_elements_is_each_elements_own) {
  Pool pool = make_pool(3);
  std::vector<int> xs(500);
  std::iota(xs.begin(), xs.end(), 0);
  const auto outcomes = pool.with(capturing()).try_map(says, xs);
  for (int x : xs) expect_said(outcomes[static_cast<std::size_t>(x)], x);
  int next = 0;
  for (const auto& outcome : pool.with(capturing()).try_imap(says, xs))
    expect_said(outcome, next++);
  for (const auto& outcome : pool.with(capturing()).try_imap_unordered(says, xs))
    expect_said(outcome, static_cast<int>(outcome.index()));
}

TEST_P(Captured, output_of_calls_that_travel_together_is_each_calls_own) {
  Pool pool = make_pool(2);
  std::vector<AsyncResult<int>> results;
  Queue<std::pair<int, std::string>> said;
  for (int x = 0; x < 100; ++x) {
    results.push_back(pool.with(capturing()).apply_async(says, x));
    results.back().on_done([said](Outcome<int> outcome) mutable {
      said.put({outcome.value(), outcome.output()});
    });
  }
  for (int i = 0; i < 100; ++i) {
    const auto [x, text] = said.get().value();
    EXPECT_EQ(text, x % 3 == 0 ? "" : "element " + std::to_string(x));
  }
}

TEST_P(Captured, output_of_a_whole_map_is_that_of_its_elements) {
  Pool pool = make_pool(2);
  Queue<std::string> said;
  AsyncResult<std::vector<int>> result =
      pool.with(capturing()).map_async(says, std::vector<int>{1, 2, 3, 4});
  result.on_done(
      [said](const Outcome<std::vector<int>>& outcome) mutable { said.put(outcome.output()); });
  EXPECT_EQ(said.get().value(), "element 1element 2element 4");
}

[[noreturn]] int throws(int x) {
  std::printf("before %d\n", x);
  throw std::out_of_range("no such key");
}

TEST_P(Captured, output_comes_with_what_an_element_throws) {
  Pool pool = make_pool(1);
  const auto outcomes = pool.with(capturing()).try_map(throws, std::vector<int>{1, 2});
  for (const auto& outcome : outcomes) {
    const std::string said = "before " + std::to_string(outcome.index() + 1) + "\n";
    EXPECT_EQ(outcome.output(), said);
    EXPECT_EQ(outcome.error_as<TaskError>()->output(), said);
    EXPECT_EQ(output(outcome.error()), said);
    EXPECT_TRUE(contains(describe(outcome.error()), "\n  output:\n    before "));
  }
  EXPECT_EQ(caught<std::out_of_range>([&] { pool.with(capturing()).apply(throws, 7); }).what(),
            std::string("no such key"));
}

[[noreturn]] int dies_by(int number) {
  std::printf("a line\nand half of");
  std::fflush(stdout);
  ::raise(number);
  ::_exit(1);
}

TEST_P(Captured, output_survives_a_worker_that_dies_in_the_middle_of_a_line) {
  Pool pool = make_pool(1);
  for (const int number : {SIGKILL, SIGTERM}) {
    const auto lost = caught<WorkerLost>([&] { pool.with(capturing()).apply(dies_by, number); });
    EXPECT_EQ(lost.output(), "a line\nand half of");
    EXPECT_EQ(lost.report().output, "a line\nand half of");
  }
}

[[noreturn]] int aborts_behind_a_line() {
  std::printf("printed, and never flushed\n");
  std::abort();
}

TEST_P(Captured, lines_are_with_the_owner_although_nothing_has_flushed_them) {
  Pool pool = make_pool(1);
  const auto lost = caught<WorkerLost>([&] { pool.with(capturing()).apply(aborts_behind_a_line); });
  EXPECT_EQ(lost.output(), "printed, and never flushed\n");
  EXPECT_TRUE(contains(describe(std::make_exception_ptr(lost)), "printed, and never flushed"));
}

int hangs() {
  std::printf("waiting\n");
  for (;;) ::pause();
}

TEST_P(Captured, output_comes_with_a_timeout) {
  Pool pool = make_pool(1);
  CallOptions options = capturing();
  options.timeout = 200ms;
  const auto error = caught<TaskTimeout>([&] { pool.with(options).apply(hangs); });
  EXPECT_EQ(error.output(), "waiting\n");
}

int fails_twice() {
  std::printf("attempt %d\n", this_task::attempt());
  if (this_task::attempt() == 1) ::raise(SIGKILL);
  if (this_task::attempt() == 2) throw std::runtime_error("again");
  return this_task::attempt();
}

TEST_P(Captured, output_is_that_of_the_last_attempt) {
  Pool pool = make_pool(1);
  CallOptions options = capturing();
  options.retries = 1;
  options.exception_retries = 1;
  Queue<std::string> said;
  pool.with(options)
      .apply_async(fails_twice)
      .on_done([said](const Outcome<int>& outcome) mutable { said.put(outcome.output()); })
      .get();
  EXPECT_EQ(said.get().value(), "attempt 3\n");
}

int writes_lines(int count) {
  for (int i = 0; i < count; ++i) std::printf("line %d\n", i);
  return count;
}

TEST_P(Captured, output_without_end_keeps_its_last_bytes) {
  Pool pool = make_pool(1);
  const int count = under_sanitizer ? 10'000 : 50'000;
  const auto outcomes = pool.with(capturing(16)).try_map(writes_lines, std::vector<int>{count});
  const std::string all = "line " + std::to_string(count - 1) + "\n";
  EXPECT_EQ(outcomes[0].output().size(), 16u);
  EXPECT_TRUE(outcomes[0].output().ends_with(all));
}

std::string every_byte() {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  return bytes;
}
int writes_bytes(int times) {
  for (int i = 0; i < times; ++i)
    write_to(i % 2 == 0 ? STDOUT_FILENO : STDERR_FILENO, every_byte());
  return times;
}

TEST_P(Captured, output_may_be_any_bytes) {
  Pool pool = make_pool(1);
  const auto outcomes = pool.with(capturing()).try_map(writes_bytes, std::vector<int>{3, 0});
  EXPECT_EQ(outcomes[0].output(), every_byte() + every_byte() + every_byte());
  EXPECT_EQ(outcomes[1].output(), "");
}

// The child writes when `path` is there.
int leaves_a_child(const std::string& path) {
  if (path.empty()) return std::printf("mine");
  const std::string wait = "while ! test -e " + path + "; do sleep 0.01; done";
  return std::system(
      ("(" + wait + "; echo late; mv " + path + " " + path + ".read) & echo early").c_str());
}

TEST_P(Captured, output_of_a_process_that_outlives_its_element_is_not_the_next_ones) {
  expect_orphans();
  const std::string path = "/tmp/brood-output-" + std::to_string(::getpid());
  {
    Pool pool = make_pool(1);
    const auto first =
        pool.with(capturing()).try_map(leaves_a_child, std::vector<std::string>{path});
    EXPECT_EQ(first[0].output(), "early\n");
    ::close(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));  // the child goes on
    while (::access((path + ".read").c_str(), F_OK) != 0) {
      const auto more = pool.with(capturing()).try_map(leaves_a_child, std::vector<std::string>(5));
      for (const auto& outcome : more) ASSERT_EQ(outcome.output(), "mine");
    }
  }
  ::unlink((path + ".read").c_str());
}

int says_and_returns_much(int x) {
  std::printf("much %d", x);
  return x;
}
std::vector<double> returns_much(int x) {
  says_and_returns_much(x);
  return std::vector<double>(1'000'000, x);
}

TEST_P(Captured, output_comes_beside_a_large_result) {
  Pool pool = make_pool(1);
  const auto outcomes = pool.with(capturing()).try_map(returns_much, std::vector<int>{1, 2});
  for (const auto& outcome : outcomes) {
    EXPECT_EQ(outcome.output(), "much " + std::to_string(outcome.index() + 1));
    EXPECT_EQ(outcome->size(), 1'000'000u);
  }
  EXPECT_EQ(pool.with(capturing()).apply(returns_much, 3).back(), 3);
}

double adds(double a, double b) { return a + b; }
double says_what_it_gets(double x) {
  std::printf("%g", x);
  if (x < 0) throw std::domain_error("negative");
  return x;
}

TEST_P(Captured, output_of_a_fold_is_dropped_and_that_of_a_failed_element_is_not) {
  Pool pool = make_pool(2);
  std::vector<double> xs(100, 1.0);
  EXPECT_EQ(pool.with(capturing()).map_reduce(says_what_it_gets, xs, adds, 0.0), 100.0);
  xs[50] = -2;
  try {
    pool.with(capturing()).map_reduce(says_what_it_gets, xs, adds, 0.0);
    FAIL();
  } catch (const std::domain_error&) {
    EXPECT_EQ(output(std::current_exception()), "-2");
  }
}

TEST_P(Captured, output_of_other_calls_goes_where_it_went) {
  Pool pool = make_pool(1);
  EXPECT_EQ(pool.with(capturing()).try_map(says, std::vector<int>{1})[0].output(), "element 1");
  EXPECT_EQ(pool.try_map(says, std::vector<int>{0})[0].output(), "");
  EXPECT_EQ(pool.with(capturing()).try_map(says, std::vector<int>{2})[0].output(), "element 2");
}

int closes_stdout(int x) {
  if (x == 0) return ::close(STDOUT_FILENO);
  return std::printf("open %d", x);
}

TEST_P(Captured, output_of_a_worker_whose_stdout_was_closed_is_there) {
  Pool pool = make_pool(1);
  pool.apply(closes_stdout, 0);
  const auto outcomes = pool.with(capturing()).try_map(closes_stdout, std::vector<int>{0, 1});
  EXPECT_EQ(outcomes[1].output(), "open 1");
  EXPECT_EQ(outcomes[0].output(), "");
}

TEST_P(Captured, a_limit_out_of_range_is_refused) {
  Pool pool = make_pool(1);
  EXPECT_THROW(pool.with(capturing(0)), UsageError);
  EXPECT_THROW(pool.with(capturing(1_GiB + 1)), UsageError);
  EXPECT_EQ(pool.with(capturing(1_GiB)).try_map(says, std::vector<int>{1})[0].output(),
            "element 1");
}

int forks_and_returns(int x) {
  std::printf("before the fork");
  std::fflush(stdout);
  if (::fork() == 0) return x;  // comes back into the library, and is ended there
  return x;
}

TEST_P(Captured, a_copy_of_the_worker_changes_nothing) {
  expect_orphans();
  Pool pool = make_pool(1);
  const auto outcomes = pool.with(capturing()).try_map(forks_and_returns, std::vector<int>{1, 2});
  for (const auto& outcome : outcomes) EXPECT_EQ(outcome.output().substr(0, 15), "before the fork");
}

}  // namespace
}  // namespace brood::testing::capture_test

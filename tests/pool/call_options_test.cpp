#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <thread>

#include "pool/pool_fixture.hpp"
#include "victims/tasks.hpp"

namespace brood::testing::call_options_test {
namespace {

class CallOptionsTest : public PoolTest {};
BROOD_FOR_EVERY_METHOD(CallOptionsTest);

std::vector<int> first_numbers(int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}
int logged_and_fails_at(const std::string& log, int failing, int x) {
  append_line(log, std::to_string(x));
  if (x == failing) throw std::invalid_argument(std::to_string(x));
  return x;
}
/// Dies on its first `deaths` runs.
int survives_at_last(const std::string& log, int deaths) {
  append_line(log, "run");
  if (static_cast<int>(lines_of(log).size()) <= deaths) victims::raise_signal(SIGKILL);
  return ::getpid();
}
int waits(const std::string& gate) {
  Gate::pass(gate);
  return 1;
}

TEST_P(CallOptionsTest, any_chunk_gives_the_same_results) {
  Pool pool = make_pool(2);
  const std::vector<int> inputs = first_numbers(101);
  const std::vector<int> expected = pool.map(square, inputs);
  for (const std::size_t chunk : {1U, 2U, 50U, 101U, 1000U})
    EXPECT_EQ(pool.with({.chunk = chunk}).map(square, inputs), expected) << chunk;
}

TEST_P(CallOptionsTest, finish_runs_every_element_and_throws_the_error_of_the_first_failed) {
  Pool pool = make_pool(2);
  const Scratch scratch;
  const std::string log = scratch.path("log");
  const auto fails = [](const std::string& path, int x) -> int {
    append_line(path, std::to_string(x));
    if (x == 90 || x == 10) throw std::invalid_argument(std::to_string(x));
    return x;
  };
  const auto error = caught<std::invalid_argument>(
      [&] { pool.with({.on_error = OnError::finish}).map(task(fails, log), first_numbers(100)); });
  EXPECT_STREQ(error.what(), "10");
  EXPECT_EQ(lines_of(log).size(), 100U);
}

TEST_P(CallOptionsTest, fail_fast_cancels_what_has_not_started) {
  Pool pool = make_pool(2);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  const std::string log = scratch.path("log");
  const auto fails_first = [](const std::string& path, const std::string& at, int x) -> int {
    append_line(path, std::to_string(x));
    if (x == 0) throw std::invalid_argument("first");
    Gate::pass(at);
    return x;
  };
  EXPECT_THROW(pool.with({.chunk = 1}).map(task(fails_first, log, gate.path()), first_numbers(50)),
               std::invalid_argument);  // although another one runs on
  gate.open();
  EXPECT_EQ(pool.map(square, first_numbers(10)).size(), 10U);
  EXPECT_LE(lines_of(log).size(), 5U);
}

TEST_P(CallOptionsTest, each_element_runs_once_without_retries) {
  Pool pool = make_pool(2);
  const Scratch scratch;
  const std::string log = scratch.path("log");
  EXPECT_THROW(pool.with({.on_error = OnError::finish})
                   .map(task(logged_and_fails_at, log, 7), first_numbers(300)),
               std::invalid_argument);
  std::vector<std::string> lines = lines_of(log);
  EXPECT_EQ(lines.size(), 300U);
  EXPECT_EQ(std::set(lines.begin(), lines.end()).size(), 300U);
}

TEST_P(CallOptionsTest, retries_run_a_task_again_whose_worker_died) {
  Pool pool = make_pool(2);
  const Scratch scratch;
  EXPECT_GT(pool.with({.retries = 3}).apply(survives_at_last, scratch.path("a"), 3), 0);
  EXPECT_EQ(lines_of(scratch.path("a")).size(), 4U);
  EXPECT_THROW(pool.with({.retries = 2}).apply(survives_at_last, scratch.path("b"), 3), WorkerLost);
  EXPECT_EQ(lines_of(scratch.path("b")).size(), 3U);
}

TEST_P(CallOptionsTest, retries_do_not_repeat_what_threw) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  EXPECT_THROW(pool.with({.retries = 5}).apply(logged_and_fails_at, scratch.path("log"), 1, 1),
               std::invalid_argument);
  EXPECT_EQ(lines_of(scratch.path("log")).size(), 1U);
}

TEST_P(CallOptionsTest, retries_in_a_map_repeat_the_guilty_element_only) {
  Pool pool = make_pool(2);
  const Scratch scratch;
  const auto dies_once = [](const std::string& log, int x) {
    append_line(log, std::to_string(x));
    const std::vector<std::string> lines = lines_of(log);
    if (x == 20 && std::count(lines.begin(), lines.end(), "20") == 1)
      victims::raise_signal(SIGKILL);
    return x;
  };
  const std::string log = scratch.path("log");
  EXPECT_EQ(pool.with({.retries = 1}).map(task(dies_once, log), first_numbers(60)),
            first_numbers(60));
  std::map<std::string, int> counts;
  for (const std::string& line : lines_of(log)) ++counts[line];
  EXPECT_EQ(counts.size(), 60U);
  for (const auto& [element, count] : counts) EXPECT_EQ(count, element == "20" ? 2 : 1) << element;
}

TEST_P(CallOptionsTest, timeout_ends_the_task_and_replaces_its_worker) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  const int pid = pool.apply(pid_here);
  const auto error =
      caught<TaskTimeout>([&] { pool.with({.timeout = 100ms}).apply(waits, gate.path()); });
  EXPECT_EQ(error.limit(), 100ms);
  EXPECT_EQ(error.pid(), pid);
  EXPECT_NE(pool.apply(pid_here), pid);
}

TEST_P(CallOptionsTest, timeout_ends_a_task_that_ignores_sigterm) {
  Pool pool = make_pool(1);
  EXPECT_THROW(pool.with({.timeout = 50ms}).apply(victims::ignores_sigterm), TaskTimeout);
  EXPECT_EQ(pool.apply(square, 5), 25);
}

TEST_P(CallOptionsTest, timeout_counts_from_the_start_of_each_element) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  std::deque<Gate> gates;  // one for each element, which is held there for a part of the limit
  for (int i = 0; i < 4; ++i) gates.emplace_back(scratch.path(std::to_string(i)));
  const auto is_held = [](const std::string& mail, const std::string& at) {
    Mailbox::send(mail, "runs");
    Gate::pass(at);
    return at;
  };
  std::vector<std::string> paths;
  for (const Gate& gate : gates) paths.push_back(gate.path());
  Pool pool = make_pool(1);
  auto result =
      pool.with({.timeout = 1500ms, .chunk = 4}).map_async(task(is_held, mailbox.path()), paths);
  for (Gate& gate : gates) {
    mailbox.receive();
    EXPECT_FALSE(result.wait_for(400ms));
    gate.open();
  }
  EXPECT_EQ(result.get(), paths);
}

TEST_P(CallOptionsTest, timeout_in_a_map_costs_that_element_only) {
  Pool pool = make_pool(2);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  const auto third_waits = [](const std::string& at, int x) {
    if (x == 3) Gate::pass(at);
    return x;
  };
  const auto found =
      pool.with({.timeout = 200ms}).try_map(task(third_waits, gate.path()), first_numbers(20));
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (i == 3) {
      EXPECT_EQ(caught_in<TaskTimeout>(found[i].error()).index(), 3U);
    } else {
      EXPECT_EQ(found[i].value(), static_cast<int>(i));
    }
  }
}

TEST_P(CallOptionsTest, retries_run_a_task_again_that_timed_out) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  const auto waits_at_first = [](const std::string& log, const std::string& at) {
    append_line(log, "run");
    if (lines_of(log).size() == 1) Gate::pass(at);
    return 5;
  };
  EXPECT_EQ(pool.with({.timeout = 200ms, .retries = 1})
                .apply(waits_at_first, scratch.path("log"), gate.path()),
            5);
  EXPECT_EQ(lines_of(scratch.path("log")).size(), 2U);
}

TEST_P(CallOptionsTest, progress_goes_up_to_the_total_in_the_calling_thread) {
  Pool pool = make_pool(2);
  std::vector<Progress> seen;
  const auto here = std::this_thread::get_id();
  const auto note = [&](Progress progress) {
    EXPECT_EQ(std::this_thread::get_id(), here);
    seen.push_back(progress);
  };
  pool.with({.chunk = 10, .progress = note}).map(square, first_numbers(1000));
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.back().done, 1000U);
  EXPECT_EQ(seen.back().total, 1000U);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end(),
                             [](Progress a, Progress b) { return a.done < b.done; }));
}

TEST_P(CallOptionsTest, progress_takes_two_numbers_too_and_works_with_try_map) {
  Pool pool = make_pool(2);
  std::size_t last_done = 0, last_total = 0;
  const auto note = [&](std::size_t done, std::size_t total) {
    last_done = done;
    last_total = total;
  };
  pool.with({.progress = note}).try_map(square, first_numbers(10));
  EXPECT_EQ(last_done, 10U);
  EXPECT_EQ(last_total, 10U);
}

TEST_P(CallOptionsTest, progress_knows_the_total_of_every_verb_that_waits) {
  Pool pool = make_pool(2);
  Progress last;
  const PoolCalls calls = pool.with({.progress = [&](Progress progress) { last = progress; }});
  const auto reached = [&](std::size_t total) {
    const Progress seen = std::exchange(last, {});
    return seen.done == total && seen.total == total;
  };
  calls.for_each(square, first_numbers(200));
  EXPECT_TRUE(reached(200));
  calls.starmap(square, std::vector<std::tuple<int>>(20));
  EXPECT_TRUE(reached(20));
  calls.map_reduce(square, first_numbers(30), std::plus<>(), 0);
  EXPECT_TRUE(reached(30));
  calls.apply(square, 2);
  EXPECT_TRUE(reached(1));
}

TEST_P(CallOptionsTest, progress_of_imap_goes_on_as_its_results_are_taken) {
  Pool pool = make_pool(2);
  for (const std::size_t window : {1U, 7U, 256U}) {
    std::vector<Progress> seen;
    const auto note = [&](Progress progress) { seen.push_back(progress); };
    const PoolCalls calls = pool.with({.window = window, .progress = note});
    for ([[maybe_unused]] const int x : calls.imap(square, first_numbers(20))) {
      ASSERT_FALSE(seen.empty());
    }
    EXPECT_EQ(seen.back().done, 20U);
    EXPECT_EQ(seen.back().total, 20U);
    for (const Progress& progress : seen) EXPECT_TRUE(progress.total == 0 || progress.total == 20);
  }
}

TEST_P(CallOptionsTest, progress_of_a_call_without_a_waiter_is_a_usage_error) {
  Pool pool = make_pool(1);
  const PoolCalls calls = pool.with({.progress = [](Progress) {}});
  EXPECT_THROW(calls.map_async(square, {1, 2}), UsageError);
  EXPECT_THROW(calls.starmap_async(square, std::vector<std::tuple<int>>(2)), UsageError);
  EXPECT_THROW(calls.apply_async(square, 1), UsageError);
  EXPECT_EQ(pool.apply(square, 3), 9);
}

TEST_P(CallOptionsTest, progress_may_own_what_can_only_be_moved) {
  Pool pool = make_pool(1);
  auto last = std::make_unique<std::size_t>(0);
  const std::size_t& seen = *last;
  auto calls = pool.with(
      {.progress = [last = std::move(last)](std::size_t done, std::size_t) { *last = done; }});
  calls.map(square, first_numbers(10));
  EXPECT_EQ(seen, 10U);
}

TEST_P(CallOptionsTest, an_exception_of_progress_reaches_the_caller_and_leaves_the_pool_usable) {
  Pool pool = make_pool(2);
  const auto throws = [](Progress) { throw std::logic_error("bar"); };
  EXPECT_THROW(pool.with({.progress = throws}).map(square, first_numbers(100)), std::logic_error);
  EXPECT_EQ(pool.map(square, first_numbers(100)).size(), 100U);
}

TEST_P(CallOptionsTest, out_of_range_are_usage_errors) {
  Pool pool = make_pool(1);
  EXPECT_THROW(pool.with({.timeout = 0ns}), UsageError);
  EXPECT_THROW(pool.with({.timeout = -1s}), UsageError);
  EXPECT_THROW(pool.with({.retries = -1}), UsageError);
  EXPECT_THROW(pool.with({.chunk = 0}), UsageError);
  EXPECT_THROW(pool.with({.window = 0}), UsageError);
  EXPECT_EQ(pool.apply(square, 2), 4);
}

}  // namespace
}  // namespace brood::testing::call_options_test

#include <signal.h>

#include <fstream>
#include <map>
#include <numeric>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "pool/pool_fixture.hpp"
#include "recording/trace_file.hpp"
#include "victims/tasks.hpp"

namespace brood::testing::trace_test {
namespace {

class Trace : public PoolTest {
 protected:
  PoolOptions traced(int workers, const std::string& name = "run.json") const {
    PoolOptions with = options(workers);
    with.trace = scratch_.path(name);
    return with;
  }
  std::string path(const std::string& name = "run.json") const { return scratch_.path(name); }
  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(scratch_.path("")))
      names.insert(entry.path().filename());
    return names;
  }

  const Scratch scratch_;
};
BROOD_FOR_EVERY_METHOD(Trace);

std::vector<int> numbers(int count) {
  std::vector<int> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

int takes_a_while(int x) {
  const auto end = std::chrono::steady_clock::now() + 100us;
  while (std::chrono::steady_clock::now() < end) {
  }
  return x;
}
int throws_for_fives(int x) {
  if (x % 5 == 0) throw std::runtime_error("a \"five\"\n</script>");
  return takes_a_while(x);
}
int dies_at_first(int x) {
  return x % 10 == 3 && this_task::attempt() == 1 ? victims::segfaults(x) : takes_a_while(x);
}
std::string joined(const std::string& text) { return text + text; }

using Attempt = std::tuple<int, int>;  // index, attempt
std::map<Attempt, std::string> outcomes_by_attempt(const std::string& path) {
  std::map<Attempt, std::string> outcomes;
  for (const TraceEvent& element : elements_in(path)) {
    const Attempt attempt{std::stoi(element["index"]), std::stoi(element["attempt"])};
    EXPECT_TRUE(outcomes.emplace(attempt, element["outcome"]).second)
        << "twice: " << std::get<0>(attempt);
  }
  return outcomes;
}

TEST_P(Trace, has_each_element_once_with_its_stages) {
  {
    Pool pool(traced(2));
    pool.map(takes_a_while, numbers(300));
  }
  EXPECT_EQ(outcomes_by_attempt(path()).size(), 300u);
  for (const TraceEvent& element : elements_in(path())) {
    EXPECT_EQ(element["ph"], "X");
    EXPECT_EQ(element["outcome"], "value");
    EXPECT_TRUE(contains(element["call"], "takes_a_while")) << element["call"];
    EXPECT_GE(element.number("running"), 99);
  }
  expect_valid(path());
}

TEST_P(Trace, has_every_attempt_of_elements_that_die_throw_and_hang) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  {
    Pool pool(traced(2));
    pool.with({.crash_retries = 1, .chunk = 10}).map(dies_at_first, numbers(40));
    pool.try_map(throws_for_fives, numbers(20));
    EXPECT_THROW(pool.with({.timeout = 50ms, .timeout_retries = 1})
                     .apply(victims::never_returns, mailbox.path()),
                 TaskTimeout);
  }
  std::map<std::string, int> outcomes;
  for (const TraceEvent& element : elements_in(path())) ++outcomes[element["outcome"]];
  EXPECT_EQ(outcomes["value"], 40 + 16);
  EXPECT_EQ(outcomes["worker lost"], 4);
  EXPECT_EQ(outcomes["exception"], 4);
  EXPECT_EQ(outcomes["timeout"], 2);
  std::map<std::string, int> marks;
  for (const TraceEvent& event : events_in(path())) {
    if (event["cat"] == "mark") ++marks[event["name"]];
  }
  EXPECT_EQ(marks["death"], 6);
  EXPECT_GE(marks["restart"], 5);
  EXPECT_EQ(marks["timeout"], 2);
  expect_valid(path());
}

TEST_P(Trace, tells_when_an_element_ran_that_its_worker_died_in) {
  {
    Pool pool(traced(1));
    pool.with({.chunk = 30}).try_map(dies_at_first, numbers(30));
  }
  int lost = 0;
  for (const TraceEvent& element : elements_in(path())) {
    EXPECT_EQ(element["ph"], "X") << element["index"];
    lost += element["outcome"] == "worker lost";
  }
  EXPECT_EQ(lost, 3);
}

TEST_P(Trace, has_no_failure_thinned_among_many_short_elements) {
  const auto fails_now_and_then = [](int x) {
    if (x % 1000 == 1) throw std::runtime_error("now and then");
    return x;
  };
  {
    Pool pool(traced(2));
    pool.try_map(fails_now_and_then, numbers(100'000));
    EXPECT_EQ(pool.statistics().ended(), 100'000u);
  }
  int failed = 0, all = 0;
  for (const TraceEvent& element : elements_in(path())) {
    ++all;
    failed += element["outcome"] == "exception";
  }
  EXPECT_EQ(failed, 100);
  EXPECT_LT(all, 100'000);
  expect_valid(path());
}

TEST_P(Trace, has_calls_of_every_kind) {
  {
    Pool pool(traced(2));
    pool.apply(joined, "a");
    std::vector<AsyncResult<std::string>> results;
    for (int i = 0; i < 50; ++i) results.push_back(pool.apply_async(joined, "b"));
    for (const auto& result : results) result.get();
    for (const std::string& text : pool.imap(joined, std::vector<std::string>(20, "c")))
      EXPECT_EQ(text, "cc");
    pool.map_reduce(takes_a_while, numbers(30), std::plus<int>(), 0);
    pool.apply(joined, std::string(3'000'000, 'd'));
  }
  const auto elements = elements_in(path());
  EXPECT_EQ(elements.size(), 1u + 50u + 20u + 30u + 1u);
  for (const TraceEvent& element : elements) EXPECT_EQ(element["ph"], "X");
  expect_valid(path());
}

TEST_P(Trace, has_elements_that_were_cancelled_while_they_ran) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  {
    Pool pool(traced(1));
    auto result = pool.apply_async(victims::never_returns, mailbox.path());
    mailbox.receive();
    EXPECT_TRUE(result.cancel(Kill::yes));
    EXPECT_EQ(pool.apply(square, 3), 9);
    auto last = pool.apply_async(victims::never_returns, mailbox.path());
    mailbox.receive();
  }
  int cancelled = 0;
  for (const TraceEvent& element : elements_in(path()))
    cancelled += element["outcome"] == "cancelled";
  EXPECT_EQ(cancelled, 2);
}

TEST_P(Trace, is_there_when_join_returns) {
  Pool pool(traced(1));
  pool.apply(square, 3);
  pool.close();
  EXPECT_FALSE(std::filesystem::exists(path()));
  pool.join();
  EXPECT_EQ(elements_in(path()).size(), 1u);
  EXPECT_EQ(files(), std::set<std::string>{"run.json"});
}

TEST_P(Trace, of_two_pools_goes_to_two_files) {
  {
    Pool first(traced(1)), second(traced(1));
    first.map(takes_a_while, numbers(3));
    second.map(takes_a_while, numbers(5));
  }
  EXPECT_EQ(files(), (std::set<std::string>{"run-2.json", "run.json"}));
  EXPECT_EQ(elements_in(path()).size(), 3u);
  EXPECT_EQ(elements_in(path("run-2.json")).size(), 5u);
}

TEST_P(Trace, is_a_page_of_html_where_the_name_says_so) {
  {
    Pool pool(traced(1, "run.html"));
    pool.try_map(throws_for_fives, numbers(10));
  }
  std::stringstream page;
  page << std::ifstream(path("run.html")).rdbuf();
  EXPECT_TRUE(page.str().starts_with("<!DOCTYPE html>") ||
              page.str().starts_with("<!doctype html>"));
  EXPECT_TRUE(contains(page.str(), "throws_for_fives"));
}

int owns_a_pool(const std::string& trace) {
  PoolOptions options{.workers = 1};
  options.trace = trace;
  Pool inner(options);
  return inner.apply(square, 4);
}

TEST_P(Trace, of_a_pool_within_a_worker_does_not_take_its_owners_file) {
  expect_orphans();  // the fork server of the worker
  {
    Pool pool(traced(1));
    EXPECT_EQ(pool.apply(owns_a_pool, path()), 16);
  }
  EXPECT_EQ(files().size(), 2u);
  const auto elements = elements_in(path());
  ASSERT_EQ(elements.size(), 1u);
  EXPECT_TRUE(contains(elements[0]["call"], "owns_a_pool"));
}

TEST_P(Trace, is_not_written_by_a_forked_child) {
  Pool pool(traced(1));
  pool.apply(square, 3);
  const pid_t child = ::fork();
  if (child == 0) std::exit(0);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(files().empty());
}

TEST_P(Trace, is_written_where_the_program_ends_by_exit) {
  expect_orphans();
  const pid_t child = ::fork();
  if (child == 0) {
    PoolOptions with = options(1);
    with.trace = path();
    Pool pool(with);
    pool.map(takes_a_while, numbers(7));
    std::exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  const auto names = files();
  ASSERT_EQ(names.size(), 1u);
  EXPECT_EQ(elements_in(path(*names.begin())).size(), 7u);
}

TEST_P(Trace, leaves_nothing_where_the_owner_is_killed) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  expect_orphans();
  const pid_t child = ::fork();
  if (child == 0) {
    PoolOptions with = options(1);
    with.trace = path();
    Pool pool(with);
    pool.apply(victims::never_returns, mailbox.path());
  }
  mailbox.receive();
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(files().empty());
}

TEST_P(Trace, to_where_nothing_can_be_written_is_refused_at_once) {
  PoolOptions with = options(1);
  for (const char* const name : {"missing/run.json", "folder.json"}) {
    std::filesystem::create_directory(path("folder.json"));
    with.trace = path(name);
    EXPECT_THROW(Pool{with}, SystemError) << name;
  }
  for (const char* const name : {"run.txt", "json", "run.json.gz"}) {
    with.trace = path(name);
    EXPECT_THROW(Pool{with}, UsageError) << name;
  }
}

TEST_P(Trace, goes_where_the_environment_says) {
  ::setenv("BROOD_TRACE", path("env.json").c_str(), 1);
  {
    Pool pool = make_pool(1);
    pool.apply(square, 3);
    Pool named(traced(1, "own.json"));
  }
  ::unsetenv("BROOD_TRACE");
  EXPECT_EQ(files(), (std::set<std::string>{"env.json", "own.json"}));
  EXPECT_EQ(elements_in(path("env.json")).size(), 1u);
}

}  // namespace
}  // namespace brood::testing::trace_test

#include <spdlog/spdlog.h>

#include <algorithm>
#include <forward_list>
#include <list>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "pool/pool_fixture.hpp"
#include "progress/terminal.hpp"
#include "support/log_catcher.hpp"

// Calls of a pool that tell how far they have come.
namespace brood::testing::calls_test {
namespace {

class ProgressOfCalls : public PoolTest {};
BROOD_FOR_EVERY_METHOD(ProgressOfCalls);

using Rows = std::vector<std::string>;

int thirds_fail(int x) {
  if (x % 3 == 0) throw std::domain_error("a third");
  return x;
}
std::vector<int> numbers(int count) {
  std::vector<int> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// Keeps what it is told.
struct Notes {
  std::vector<Progress>& seen;
  void operator()(Progress progress) const { seen.push_back(progress); }
};

TEST_P(ProgressOfCalls, is_shown_by_a_bar_up_to_the_last_line) {
  Pool pool = make_pool(2);
  Terminal terminal;
  {
    const ProgressBar bar("squares");
    const PoolCalls calls = pool.with({.progress = bar});
    calls.map(square, numbers(50));
    calls.try_map(thirds_fail, numbers(60));
    calls.for_each(square, numbers(70));
    calls.map_reduce(square, numbers(80), std::plus<>(), 0);
    calls.apply(square, 2);
    for ([[maybe_unused]] const int x : calls.imap(square, numbers(90))) continue;
  }
  const Rows rows = terminal.screen().rows();
  ASSERT_EQ(rows.size(), 6U);
  const Rows expected{"squares 100% 50/50 ", "squares 100% 60/60 ", "squares 100% 70/70 ",
                      "squares 100% 80/80 ", "squares 100% 1/1 ",   "squares 100% 90/90 "};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].substr(0, expected[i].size()), expected[i]);
    EXPECT_EQ(contains(rows[i], " 20 failed"), i == 1) << rows[i];
  }
}

TEST_P(ProgressOfCalls, ends_early_where_a_call_throws) {
  Pool pool = make_pool(2);
  Terminal terminal;
  {
    const ProgressBar bar("thirds");
    EXPECT_THROW(pool.with({.progress = bar}).map(thirds_fail, numbers(50)), std::domain_error);
  }
  const Rows rows = terminal.screen().rows();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_TRUE(contains(rows[0], " 1 failed")) << rows[0];
}

TEST_P(ProgressOfCalls, counts_failures) {
  Pool pool = make_pool(2);
  std::vector<Progress> seen;
  const PoolCalls calls =
      pool.with({.on_error = OnError::finish, .progress = [&](Progress p) { seen.push_back(p); }});
  const auto failed_at_last = [&](auto verb) {
    seen.clear();
    verb();
    for (const Progress& progress : seen) EXPECT_LE(progress.failed, progress.done);
    EXPECT_EQ(seen.back().done, 30U);
    return seen.back().failed;
  };
  EXPECT_EQ(failed_at_last([&] { calls.map(square, numbers(30)); }), 0U);
  EXPECT_EQ(failed_at_last([&] { calls.try_map(thirds_fail, numbers(30)); }), 10U);
  EXPECT_EQ(
      failed_at_last([&] { EXPECT_THROW(calls.map(thirds_fail, numbers(30)), std::domain_error); }),
      10U);
  EXPECT_EQ(failed_at_last([&] {
              auto results = calls.imap_unordered(thirds_fail, numbers(30));
              while (results.next_outcome()) continue;
            }),
            10U);
  seen.clear();
  EXPECT_THROW(calls.apply(thirds_fail, 3), std::domain_error);
  EXPECT_EQ(seen.back().failed, 1U);
}

TEST_P(ProgressOfCalls, of_an_imap_knows_the_total_of_a_range_with_a_size) {
  Pool pool = make_pool(2);
  std::vector<Progress> seen;
  const PoolCalls calls = pool.with({.window = 4, .progress = Notes{seen}});
  const auto all_totals_are = [&](std::size_t total) {
    EXPECT_FALSE(seen.empty());
    for (const Progress& progress : seen) EXPECT_EQ(progress.total, total);
    EXPECT_EQ(seen.back().done, total);
    seen.clear();
  };
  const std::vector<int> kept = numbers(40);
  for ([[maybe_unused]] const int x : calls.imap(square, kept)) continue;
  all_totals_are(40);
  for ([[maybe_unused]] const int x : calls.imap_unordered(square, numbers(30))) continue;
  all_totals_are(30);
  for ([[maybe_unused]] const int x : calls.imap(square, std::list<int>(20, 7))) continue;
  all_totals_are(20);
  for ([[maybe_unused]] const int x : calls.imap(square, {1, 2, 3})) continue;
  all_totals_are(3);
}

TEST_P(ProgressOfCalls, of_an_imap_without_a_size_knows_the_total_at_its_end) {
  Pool pool = make_pool(2);
  std::vector<Progress> seen;
  const std::forward_list<int> without_size(10, 7);
  for ([[maybe_unused]] const int x :
       pool.with({.window = 2, .progress = Notes{seen}}).imap(square, without_size))
    continue;
  ASSERT_GT(seen.size(), 1U);
  EXPECT_EQ(seen.front().total, 0U);
  EXPECT_EQ(seen.back().total, 10U);
  EXPECT_EQ(seen.back().done, 10U);
}

TEST_P(ProgressOfCalls, tells_a_function_nothing_twice) {
  Pool pool = make_pool(2);
  std::vector<Progress> seen;
  const PoolCalls calls = pool.with({.progress = Notes{seen}});
  calls.map(square, numbers(1000));
  calls.try_map(thirds_fail, numbers(1000));
  const auto same = [](const Progress& a, const Progress& b) {
    return a.done == b.done && a.failed == b.failed;
  };
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end(), same), seen.end());
  seen.clear();
  calls.map(square, std::vector<int>());
  EXPECT_EQ(seen.size(), 1U);
}

TEST_P(ProgressOfCalls, goes_on_in_a_bar_while_nothing_comes) {
  const Scratch scratch;
  Pool pool = make_pool(1);
  const auto waits = [](const std::string& at) {
    Gate::pass(at);
    return 1;
  };
  Terminal terminal;
  const ProgressBar bar("waiting");
  const PoolCalls calls = pool.with({.progress = bar});
  for (const std::string verb : {"map", "imap", "apply"}) {
    Gate gate(scratch.path(verb));
    const std::vector<std::string> gates{gate.path()};
    std::thread user([&] {  // looks until the bar was painted three times
      for (std::ptrdiff_t painted = 0; painted < 3;) {
        const std::string text = terminal.written();
        painted += std::count(text.begin(), text.end(), 'J');
      }
      gate.open();
    });
    if (verb == "map") calls.map(waits, gates);
    if (verb == "imap") calls.imap(waits, gates).next();
    if (verb == "apply") calls.apply(waits, gate.path());
    user.join();
  }
  EXPECT_EQ(terminal.screen().rows().size(), 3U);
}

TEST_P(ProgressOfCalls, leaves_a_wait_with_a_limit_its_time) {
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  Pool pool = make_pool(1);
  Terminal terminal;
  const ProgressBar bar("waiting");
  const std::vector<std::string> gates{gate.path()};
  auto results = pool.with({.progress = bar}).imap(&Gate::pass, gates);
  EXPECT_THROW(results.next_for(1ms), TimeoutError);
  EXPECT_THROW(results.next_for(400ms), TimeoutError);  // longer than between two paintings
  gate.open();
  EXPECT_TRUE(results.next_for(patience));
}

TEST_P(ProgressOfCalls, leaves_lines_of_workers_logs_whole) {
  Pool pool = make_pool(2);
  Terminal terminal(60);
  terminal.with_stdout([&] {
    const ProgressBar bar("decoding");
    const auto logs = [](int x) { spdlog::warn("element {} has something to say", x); };
    pool.with({.progress = bar}).for_each(logs, numbers(20));
    pool.close();
    pool.join();
  });
  const Rows rows = terminal.screen().rows();
  EXPECT_EQ(rows.size(), terminal.screen().breaks() + 21);
  std::string all;
  for (const std::string& row : rows) all += row;
  for (int x = 0; x < 20; ++x) {
    const std::string text = "element " + std::to_string(x) + " has something to say";
    EXPECT_TRUE(contains(all, text)) << text << " is not in\n" << all;
  }
  EXPECT_EQ(std::count_if(rows.begin(), rows.end(),
                          [](const std::string& row) { return contains(row, "decoding"); }),
            1);
}

TEST_P(ProgressOfCalls, of_a_worker_goes_to_its_owners_log) {
  const LogCatcher log;
  Pool pool = make_pool(1);
  Terminal terminal;
  pool.apply([] {
    const ProgressBar bar("inner");
    bar({7, 10, 1});
    bar({10, 10, 1});
  });
  EXPECT_TRUE(log.wait_for("inner 100% 10/10"));
  EXPECT_EQ(terminal.written(), "");
}

}  // namespace
}  // namespace brood::testing::calls_test

#include <brood/statistics.hpp>

#include <cstdint>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "pool/pool_fixture.hpp"
#include "victims/tasks.hpp"

namespace brood::testing::statistics_test {
namespace {

class PoolStatistics : public PoolTest {
 protected:
  Pool measured_pool(int workers) const {
    PoolOptions with = options(workers);
    with.statistics = true;
    return Pool(with);
  }
};
BROOD_FOR_EVERY_METHOD(PoolStatistics);

template <class Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    ::poll(nullptr, 0, 1);
  }
  return true;
}

std::vector<int> numbers(int count) {
  std::vector<int> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

int throws_for_thirds(int x) {
  if (x % 3 == 0) throw std::runtime_error("a third");
  return x;
}
int dies_for_seven(int x) { return x == 7 ? victims::segfaults(x) : x; }
int dies_at_first(int x) { return x == 7 && this_task::attempt() == 1 ? victims::segfaults(x) : x; }
int takes_a_millisecond(int x) {
  const auto end = std::chrono::steady_clock::now() + 1ms;
  while (std::chrono::steady_clock::now() < end) {
  }
  return x;
}
std::string length_of(const std::string& text) { return std::to_string(text.size()); }

TEST_P(PoolStatistics, counts_each_element_by_its_outcome) {
  Pool pool = make_pool(2);
  pool.map(square, numbers(100));
  pool.try_map(throws_for_thirds, numbers(30));
  pool.try_map(dies_for_seven, numbers(10));
  const Statistics statistics = pool.statistics();
  EXPECT_EQ(statistics.elements, 140u);
  EXPECT_EQ(statistics.count(OutcomeKind::value), 100u + 20u + 9u);
  EXPECT_EQ(statistics.count(OutcomeKind::exception), 10u);
  EXPECT_EQ(statistics.count(OutcomeKind::worker_lost), 1u);
  EXPECT_EQ(statistics.ended(), 140u);
  EXPECT_TRUE(eventually([&] { return pool.statistics().restarts == 1; }));
  EXPECT_GT(statistics.bytes_sent, 400u);
  EXPECT_GT(statistics.bytes_received, 400u);
}

TEST_P(PoolStatistics, counts_further_attempts_and_calls_that_travel_together) {
  Pool pool = make_pool(2);
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < 500; ++i) results.push_back(pool.apply_async(square, i));
  for (const auto& result : results) result.get();
  pool.with({.retries = 1}).map(dies_at_first, numbers(10));
  const Statistics statistics = pool.statistics();
  EXPECT_EQ(statistics.elements, 510u);
  EXPECT_EQ(statistics.count(OutcomeKind::value), 510u);
  EXPECT_EQ(statistics.retries, 1u);
}

TEST_P(PoolStatistics, counts_what_does_not_run_as_cancelled) {
  Pool pool = make_pool(1);
  EXPECT_THROW(pool.with({.chunk = 1}).map(throws_for_thirds, numbers(5000)), std::runtime_error);
  const auto ended = [&] { return pool.statistics().ended() == 5000; };
  EXPECT_TRUE(eventually(ended));
  const Statistics statistics = pool.statistics();
  EXPECT_EQ(statistics.count(OutcomeKind::exception), 1u);
  EXPECT_GE(statistics.count(OutcomeKind::cancelled), 4000u);
  pool.terminate();
  pool.join();
  EXPECT_EQ(pool.statistics().ended(), 5000u);
}

TEST_P(PoolStatistics, counts_a_cancelled_call_among_others_once) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < 5; ++i)
    results.push_back(pool.apply_async(victims::never_returns, mailbox.path()));
  mailbox.receive();
  EXPECT_TRUE(results[3].cancel());
  EXPECT_TRUE(results[0].cancel(Kill::yes));
  mailbox.receive();
  pool.terminate();
  pool.join();
  const Statistics statistics = pool.statistics();
  EXPECT_EQ(statistics.elements, 5u);
  EXPECT_EQ(statistics.count(OutcomeKind::cancelled), 5u);
}

TEST_P(PoolStatistics, counts_timeouts) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  EXPECT_THROW(pool.with({.timeout = 50ms}).apply(victims::never_returns, mailbox.path()),
               TaskTimeout);
  EXPECT_EQ(pool.statistics().count(OutcomeKind::timeout), 1u);
}

TEST_P(PoolStatistics, tell_of_each_workers_share) {
  Pool pool = make_pool(2);
  pool.with({.chunk = 1}).map(takes_a_millisecond, numbers(40));
  const Statistics statistics = pool.statistics();
  ASSERT_EQ(statistics.workers.size(), 2u);
  std::uint64_t done = 0;
  std::chrono::nanoseconds busy{0};
  for (const Statistics::Worker& worker : statistics.workers) {
    EXPECT_FALSE(worker.name.empty());
    EXPECT_GE(worker.utilization, 0);
    EXPECT_LE(worker.utilization, 1);
    done += worker.tasks_done;
    busy += worker.busy;
  }
  EXPECT_EQ(done, 40u);
  EXPECT_GE(busy, 40ms);
  EXPECT_EQ(statistics.running.count(), 40u);
  EXPECT_GE(statistics.running.min(), 900'000u);
}

// The time for which it was idle is not the element's.
TEST_P(PoolStatistics, measure_an_element_from_where_its_worker_took_it_up) {
  Pool pool = make_pool(1);
  pool.apply(square, 1);
  const auto begun = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() < begun + 200ms) ::poll(nullptr, 0, 10);
  pool.apply_async(takes_a_millisecond, 1).get();
  EXPECT_LT(pool.statistics().running.max(), 150'000'000u);
}

TEST_P(PoolStatistics, have_all_times_where_that_is_asked_for) {
  Pool pool = measured_pool(2);
  const std::vector<std::string> texts(50, std::string(2000, 'x'));
  EXPECT_EQ(pool.map(length_of, texts), std::vector<std::string>(50, "2000"));
  pool.map(takes_a_millisecond, numbers(20));
  for (int i = 0; i < 30; ++i) pool.apply(takes_a_millisecond, i);
  const Statistics statistics = pool.statistics();
  for (const Histogram* const times :
       {&statistics.waiting, &statistics.decoding, &statistics.running, &statistics.encoding})
    EXPECT_EQ(times->count(), 100u);
  EXPECT_GE(statistics.running.quantile(0.9), 900'000u);
  EXPECT_LT(statistics.decoding.quantile(0.5), 1'000'000u);
}

TEST_P(PoolStatistics, count_short_elements_that_are_not_measured_with_those_that_are) {
  Pool pool = measured_pool(1);
  pool.map(square, numbers(50'000));
  const Statistics statistics = pool.statistics();
  EXPECT_EQ(statistics.count(OutcomeKind::value), 50'000u);
  EXPECT_GT(statistics.running.count(), 40'000u);
  EXPECT_LE(statistics.running.count(), 50'000u);
}

TEST_P(PoolStatistics, print_as_a_table) {
  Pool pool = measured_pool(2);
  pool.map(takes_a_millisecond, numbers(10));
  std::ostringstream out;
  out << pool.statistics();
  for (const char* const part :
       {"10 elements: 10 value", "waiting", "running", "worker", "restarts"})
    EXPECT_TRUE(contains(out.str(), part)) << out.str();
}

TEST_P(PoolStatistics, are_not_for_a_forked_child) {
  Pool pool = make_pool(1);
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      pool.statistics();
    } catch (const UsageError&) {
      ::_exit(7);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

}  // namespace
}  // namespace brood::testing::statistics_test

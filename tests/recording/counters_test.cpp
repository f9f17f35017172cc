#include "pool/record/counters.hpp"

#include <chrono>

#include <gtest/gtest.h>

namespace brood::pool::counters_test {
namespace {

using namespace std::chrono_literals;

constexpr Time start{1s};

struct Counted {
  Counted() { counters.started(0, "one", start); }
  void send(std::uint64_t sequence, std::size_t count, Time now) {
    counters.sent({0, 1, sequence, count, sequence, 1, false}, 100, now);
  }
  Statistics::Worker worker(Time now) { return counters.statistics(now).workers.at(0); }
  Counters counters{1};
};

TEST(Counters, keep_the_times_of_outcomes_that_are_read_at_once) {
  Counted counted;
  counted.send(0, 3, start + 1ms);
  for (std::uint64_t i = 1; i <= 3; ++i) counted.counters.worked(0, i, 1, 2'000'000, start + 9ms);
  EXPECT_EQ(counted.worker(start + 9ms).busy, 6ms);
  const Statistics statistics = counted.counters.statistics(start + 9ms);
  EXPECT_EQ(statistics.running.min(), 2'000'000u);
  EXPECT_EQ(statistics.running.count(), 3u);
}

TEST(Counters, believe_no_worker_that_it_worked_for_longer_than_it_had_something) {
  Counted counted;
  counted.send(0, 2, start + 1ms);
  counted.counters.worked(0, 1, 1, 5'000'000'000, start + 4ms);
  counted.counters.worked(0, 2, 1, 5'000'000'000, start + 6ms);
  EXPECT_EQ(counted.worker(start + 6ms).busy, 5ms);
  counted.send(2, 1, start + 10ms);  // idle before
  counted.counters.worked(0, 3, 1, 5'000'000'000, start + 11ms);
  EXPECT_EQ(counted.worker(start + 11ms).busy, 6ms);
}

TEST(Counters, have_the_time_of_what_runs_and_of_what_a_worker_died_in) {
  Counted counted;
  counted.send(0, 1, start);
  EXPECT_EQ(counted.worker(start + 5ms).busy, 5ms);
  counted.counters.gone(0, start + 8ms);
  EXPECT_EQ(counted.worker(start + 20ms).busy, 8ms);
  counted.counters.started(0, "two", start + 20ms);
  const Statistics::Worker worker = counted.worker(start + 32ms);
  EXPECT_EQ(worker.restarts, 1u);
  EXPECT_EQ(worker.name, "two");
  EXPECT_DOUBLE_EQ(worker.utilization, 0.25);
}

TEST(Counters, have_no_work_left_that_was_taken_back) {
  Counted counted;
  counted.send(0, 10, start);
  counted.counters.worked(0, 1, 1, 1'000'000, start + 1ms);
  counted.counters.skipped(0, 10);
  EXPECT_EQ(counted.worker(start + 50ms).busy, 1ms);
}

}  // namespace
}  // namespace brood::pool::counters_test

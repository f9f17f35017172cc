#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "pool/pool_fixture.hpp"

// What a call costs does not grow with the pool. By counts where that can be: the machine may
// be busy with something else.
namespace brood::testing::latency_test {
namespace {

class Latency : public PoolTest {
 protected:
  using Nanoseconds = std::chrono::nanoseconds;
  struct Cost {
    Nanoseconds p50{}, p99{};
    double switches = 0;  // of this process, voluntary, for each call
  };

  static constexpr int calls = 2000;

  static long switches_so_far() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_nvcsw;
  }
  Cost cost_of_a_call(int workers) {
    Pool pool = make_pool(workers);
    // Every worker is up and idle, and the pool has nothing else to do.
    pool.with({.chunk = 1}).map(square, std::vector<int>(static_cast<std::size_t>(workers), 1));
    for (int i = 0; i < 100; ++i) pool.apply(square, i);
    std::vector<Nanoseconds> times;
    const long before = switches_so_far();
    for (int i = 0; i < calls; ++i) {
      const auto start = std::chrono::steady_clock::now();
      pool.apply(square, i);
      times.push_back(std::chrono::steady_clock::now() - start);
    }
    const long after = switches_so_far();
    std::sort(times.begin(), times.end());
    return {times[calls / 2], times[calls * 99 / 100], static_cast<double>(after - before) / calls};
  }
  void record(const std::string& name, const Cost& cost) {
    RecordProperty(name + "_p50_ns", std::to_string(cost.p50.count()));
    RecordProperty(name + "_p99_ns", std::to_string(cost.p99.count()));
  }
};
BROOD_FOR_EVERY_METHOD(Latency);

TEST_P(Latency, of_a_call_does_not_grow_with_the_number_of_workers) {
  const Cost small = cost_of_a_call(8);
  const Cost large = cost_of_a_call(64);
  record("workers_8", small);
  record("workers_64", large);
  // One sleep for one answer, whichever worker gives it; the dispatcher sleeps through all of it.
  EXPECT_LT(small.switches, 2);
  EXPECT_LT(large.switches, 2);
  // Microseconds, unless a thread polls: then it is the period.
  EXPECT_LT(small.p50, 10ms);
  EXPECT_LT(large.p50, 10ms);
}

int rests(int milliseconds) { return ::poll(nullptr, 0, milliseconds); }

// Workers and callers look for a moment before they sleep, and then sleep.
TEST_P(Latency, of_an_idle_pool_is_not_bought_with_processor_time) {
  const Pool idle = make_pool(4), other = make_pool(1);
  for (int i = 0; i < 100; ++i) idle.apply(square, i);
  const auto used = [&] {
    Nanoseconds sum{};
    for (const WorkerInfo& worker : idle.workers()) sum += worker.cpu_time;
    rusage owner{};
    ::getrusage(RUSAGE_SELF, &owner);
    return sum + std::chrono::seconds(owner.ru_utime.tv_sec) +
           std::chrono::microseconds(owner.ru_utime.tv_usec);
  };
  const Nanoseconds before = used();
  other.apply(rests, 500);
  EXPECT_LT(used() - before, 100ms);
}

}  // namespace
}  // namespace brood::testing::latency_test

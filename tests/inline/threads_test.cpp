#include <atomic>
#include <numeric>
#include <thread>

#include "pool/pool_fixture.hpp"

// Start method "inline": several threads at one pool.
namespace brood::testing::inline_threads_test {
namespace {

class InlineThreads : public PoolCheck {};

PoolOptions inline_pool() { return {.start_method = "inline"}; }
std::vector<int> numbers(int count) {
  std::vector<int> made(static_cast<std::size_t>(count));
  std::iota(made.begin(), made.end(), 0);
  return made;
}
std::vector<int> seen;  // by tasks: they are in this process

TEST_F(InlineThreads, one_element_at_a_time_whatever_threads_there_are) {
  const Pool pool(inline_pool());
  static std::atomic<int> inside{0}, most{0};
  inside = most = 0;
  const auto counts = [](int value) {
    most = std::max(most.load(), ++inside);
    for (int i = 0; i < 200; ++i) most = std::max(most.load(), inside.load());
    --inside;
    return value;
  };
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      if (pool.map(counts, numbers(100)) == numbers(100)) ++right;
      if (pool.apply_async(counts, 9).get() == 9) ++right;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 8);
  EXPECT_EQ(most, 1);
}

TEST_F(InlineThreads, a_request_to_stop_ends_the_call_behind_the_element_that_runs) {
  const Pool pool(inline_pool());
  static std::stop_source source;
  source = {};
  seen.clear();
  const auto stops = [](int value) {
    seen.push_back(value);
    if (value == 10) source.request_stop();
    return value;
  };
  EXPECT_THROW(pool.with({.chunk = 100, .stop = source.get_token()}).map(stops, numbers(10'000)),
               Cancelled);
  EXPECT_EQ(seen.back(), 10);
}

TEST_F(InlineThreads, terminate_in_another_thread_ends_the_call_behind_the_element_that_runs) {
  Pool pool(inline_pool());
  static std::atomic<bool> begun, terminated;
  begun = terminated = false;
  seen.clear();
  std::thread other([&] {
    begun.wait(false);
    pool.terminate();
    terminated = true;
    terminated.notify_all();
  });
  const auto waits = [](int value) {
    seen.push_back(value);
    begun = true;
    begun.notify_all();
    terminated.wait(false);
    return value;
  };
  EXPECT_THROW(pool.with({.chunk = 100}).map(waits, numbers(1000)), Cancelled);
  other.join();
  pool.join();
  EXPECT_EQ(seen, std::vector{0});
  EXPECT_THROW(pool.apply(square, 1), PoolClosed);
}

}  // namespace
}  // namespace brood::testing::inline_threads_test

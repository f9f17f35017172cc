#include <array>
#include <atomic>
#include <memory>
#include <numeric>
#include <stop_token>
#include <thread>
#include <vector>

#include "pool/pool_fixture.hpp"

// The core keeps a call in a slot, which a later one gets. Each call here must end, whatever comes
// between its last outcome and the moment at which its caller is told.
namespace brood::testing::job_slots_test {
namespace {

class JobSlots : public PoolTest {};
BROOD_FOR_EVERY_METHOD(JobSlots);

double never_ends(double) {
  for (;;) ::pause();
}
int next(int x) { return x + 1; }

// What has borrowed memory of its caller is ended by the dispatcher, which has to wake up for that.
TEST_P(JobSlots, a_call_that_is_cancelled_ends_although_another_comes_at_once) {
  Pool pool = make_pool(1);
  std::vector<double> numbers(20'000);
  std::iota(numbers.begin(), numbers.end(), 0.0);
  for (int i = 0; i < 100; ++i) {
    std::stop_source source;
    std::atomic<bool> cancelled{false};
    std::thread caller([&] {
      CallOptions options;
      options.stop = source.get_token();
      try {
        pool.with(options).map(never_ends, numbers);
      } catch (const Cancelled&) {
        cancelled = true;
      }
    });
    std::this_thread::yield();
    source.request_stop();
    for (int call = 0; call < 3; ++call) EXPECT_EQ(pool.apply(next, call), call + 1);
    caller.join();
    EXPECT_TRUE(cancelled);
  }
}

// About when the answer is written.
int answers_and_dies(int x) {
  std::thread([] {
    for (volatile int work = 0; work < 20'000;) work = work + 1;
    ::_exit(1);
  }).detach();
  return x;
}

// The dispatcher reads what is left in the pipe of the dead, and lets go of the lock meanwhile.
TEST_P(JobSlots, the_last_result_of_a_worker_reaches_its_caller_while_others_call) {
  Pool pool = make_pool(2);
  std::atomic<bool> done{false};
  std::array<std::thread, 2> others;
  for (std::thread& other : others) {
    other = std::thread([&] {
      CallOptions options;
      options.timeout = 20s;
      options.retries = 20;
      while (!done) EXPECT_EQ(pool.with(options).apply(next, 1), 2);
    });
  }
  CallOptions options;
  options.timeout = 20s;
  for (int i = 0; i < 200; ++i) {
    try {
      EXPECT_EQ(pool.with(options).apply(answers_and_dies, i), i);
    } catch (const WorkerLost&) {
    }
  }
  done = true;
  for (std::thread& other : others) other.join();
}

}  // namespace
}  // namespace brood::testing::job_slots_test

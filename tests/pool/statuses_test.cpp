#include <chrono>
#include <csignal>

#include <brood/failures.hpp>
#include "pool/pool_fixture.hpp"

// How workers have ended, where several end at the same time.
namespace brood::testing::statuses_test {
namespace {

using namespace std::chrono_literals;

class Statuses : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Statuses);

void dies(int) { ::raise(SIGKILL); }

TEST_P(Statuses, of_workers_that_die_together_are_all_known) {
  Pool pool = make_pool(8);
  for (int round = 0; round < 10; ++round) {
    const auto outcomes = pool.with({.chunk = 1}).try_map(dies, std::vector<int>(16));
    for (const auto& outcome : outcomes) {
      const auto* const lost = outcome.error_as<WorkerLost>();
      ASSERT_NE(lost, nullptr);
      EXPECT_EQ(lost->signal(), SIGKILL) << lost->what();
    }
  }
}

// A status that is lost is given up after a second.
TEST_P(Statuses, of_workers_that_leave_together_hold_up_no_join) {
  for (int round = 0; round < 25; ++round) {
    Pool pool = make_pool(8);
    pool.map([](int number) { return number; }, std::vector<int>(16));
    pool.close();
    const auto start = std::chrono::steady_clock::now();
    pool.join();
    EXPECT_LT(std::chrono::steady_clock::now() - start, times(1s, 5s));
  }
}

}  // namespace
}  // namespace brood::testing::statuses_test

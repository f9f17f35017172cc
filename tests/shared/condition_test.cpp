#include <brood/condition.hpp>

#include <chrono>
#include <limits>
#include <mutex>
#include <thread>

#include <brood/semaphore.hpp>
#include <brood/value.hpp>
#include "shared/children.hpp"
#include "support/sanitizers.hpp"

namespace brood::testing::condition_test {
namespace {

using namespace std::chrono_literals;

/// Processes that wait on a condition: each has come, and waits, when the lock can be had.
class ConditionTest : public LeakCheck {
 protected:
  std::vector<Child> waiters(int count) {
    std::vector<Child> all = children(count, [this](int) {
      const std::lock_guard held(condition_);
      come_.release();
      const bool notified = condition_.wait_for(patience);
      left_.release();
      return notified ? 0 : 1;
    });
    for (int i = 0; i < count; ++i) come_.acquire();
    const std::lock_guard all_wait(condition_);
    return all;
  }
  const Condition condition_;
  const Semaphore come_{0}, left_{0};
};

TEST_F(ConditionTest, notify_one_wakes_one) {
  std::vector<Child> all = waiters(3);
  for (int i = 0; i < 3; ++i) {
    condition_.notify_one();
    EXPECT_TRUE(left_.try_acquire_for(patience));
    EXPECT_FALSE(left_.try_acquire_for(i == 0 ? 120ms : 0ms)) << "more than one was woken";
  }
  expect_success(all);
}

TEST_F(ConditionTest, notify_wakes_so_many) {
  std::vector<Child> all = waiters(5);
  {
    const std::lock_guard held(condition_);
    condition_.notify(3);
  }
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(left_.try_acquire_for(patience));
  EXPECT_FALSE(left_.try_acquire_for(120ms));
  condition_.notify(100);
  expect_success(all);
}

TEST_F(ConditionTest, notify_all_wakes_all) {
  std::vector<Child> all = waiters(6);
  condition_.notify_all();
  expect_success(all);
}

TEST_F(ConditionTest, a_notification_is_for_those_who_wait_already) {
  condition_.notify_all();
  const std::lock_guard held(condition_);
  EXPECT_FALSE(condition_.wait_for(20ms));
}

TEST_F(ConditionTest, notify_all_does_not_wait_for_a_killed_waiter) {
  std::vector<Child> all = waiters(4);
  all.front().kill();
  all.erase(all.begin());
  const auto start = std::chrono::steady_clock::now();
  condition_.notify_all();
  EXPECT_LT(std::chrono::steady_clock::now() - start, patience);
  expect_success(all);
}

TEST_F(ConditionTest, a_killed_waiter_keeps_no_notification_from_the_others) {
  for (int i = 0; i < times(20, 3); ++i) {
    std::vector<Child> all = waiters(3);
    Child last = std::move(all.back());
    all.pop_back();
    // One for each: the killed may have had theirs or not.
    for (int j = 0; j < 3; ++j) {
      condition_.notify_one();
      if (j < 2) all[static_cast<std::size_t>(j)].signal(SIGKILL);
    }
    all.clear();
    EXPECT_EQ(last.wait(), 0);
    while (left_.try_acquire()) {
    }
  }
}

TEST_F(ConditionTest, a_waiter_killed_with_the_lock_passes_it_on) {
  std::vector<Child> all = children(1, [this](int) {
    condition_.acquire();
    come_.release();
    condition_.wait();
    left_.release();
    stay();
    return 0;
  });
  come_.acquire();
  condition_.acquire();
  condition_.notify_one();
  condition_.release();
  left_.acquire();
  all.clear();
  condition_.acquire();
  EXPECT_TRUE(condition_.owner_died());
  condition_.release();
}

TEST_F(ConditionTest, wait_gives_the_lock_up_at_every_depth) {
  const RLock lock;
  const Condition condition(lock);
  lock.acquire();
  lock.acquire();
  std::thread other([&] {
    const std::lock_guard held(lock);
    condition.notify_one();
  });
  condition.wait();
  other.join();
  lock.release();
  std::thread([&] { EXPECT_FALSE(lock.try_acquire()); }).join();
  lock.release();
  std::thread([&] {
    EXPECT_TRUE(lock.try_acquire());
    lock.release();
  }).join();
}

TEST_F(ConditionTest, takes_a_lock_of_either_kind) {
  const Lock lock;
  const Condition one(lock), other(lock);
  const std::lock_guard held(lock);
  EXPECT_FALSE(one.try_acquire());
  EXPECT_FALSE(other.wait_for(1ms));
  EXPECT_TRUE(lock.locked());
  Condition with_braces = {};
  const std::unique_lock guard(with_braces);
  EXPECT_TRUE(guard.owns_lock());
}

TEST_F(ConditionTest, waiting_without_the_lock_is_refused) {
  EXPECT_THROW(condition_.wait(), UsageError);
  EXPECT_THROW(condition_.wait_for(1s), UsageError);
  EXPECT_THROW(condition_.release(), UsageError);
  Condition with_lock{Lock()};
  EXPECT_THROW(with_lock.wait(), UsageError);
  EXPECT_TRUE(condition_.try_acquire());
  condition_.release();
}

TEST_F(ConditionTest, a_duration_that_is_over_only_gives_the_lock_up_and_takes_it_again) {
  const std::lock_guard held(condition_);
  EXPECT_FALSE(condition_.wait_for(-1s));
  EXPECT_FALSE(condition_.wait_for(0s));
  EXPECT_FALSE(condition_.wait_for([] { return false; }, 5ms));
  EXPECT_TRUE(condition_.wait_for([] { return true; }, -5ms));
}

TEST_F(ConditionTest, waits_for_a_predicate_in_another_process) {
  const Value<int> turn(0);
  constexpr int turns = times(300, 60);
  std::vector<Child> all = children(3, [&](int me) {
    for (int i = 0; i < turns; ++i) {
      const std::lock_guard held(condition_);
      if (!condition_.wait_for([&] { return *turn % 3 == me; }, patience)) return 1;
      ++*turn;
      condition_.notify_all();
    }
    return 0;
  });
  const std::lock_guard held(condition_);
  condition_.wait([&] { return *turn == 3 * turns; });
  condition_.release();
  expect_success(all);
  condition_.acquire();
}

TEST_F(ConditionTest, received_is_the_same_with_the_same_lock) {
  const Condition other = received(condition_);
  Child waiter([&] {
    const std::lock_guard held(other);
    come_.release();
    other.wait();
  });
  come_.acquire();
  const std::lock_guard held(condition_);
  condition_.notify_one();
  condition_.release();
  EXPECT_EQ(waiter.wait(), 0);
  condition_.acquire();
}

}  // namespace
}  // namespace brood::testing::condition_test

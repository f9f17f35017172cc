#include <future>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <brood/barrier.hpp>
#include "manager/manager_fixture.hpp"

// Queues, locks and what else one waits for.
namespace brood::testing::waiting_test {
namespace {

class Waiting : public OneManager {};
BROOD_FOR_EVERY_METHOD(Waiting);

TEST_P(Waiting, a_queue_is_first_in_first_out) {
  const ManagedQueue<std::string> queue = manager->queue<std::string>(2);
  EXPECT_EQ(queue.maxsize(), 2U);
  EXPECT_TRUE(queue.empty());
  queue.put("a");
  EXPECT_TRUE(queue.try_put("b"));
  EXPECT_FALSE(queue.try_put("c"));
  EXPECT_FALSE(queue.put_for("c", 1ms));
  EXPECT_TRUE(queue.full());
  EXPECT_EQ(queue.get().get(), "a");
  EXPECT_EQ(queue.try_get().get(), "b");
  EXPECT_FALSE(queue.try_get().has_value());
  EXPECT_FALSE(queue.get_for(1ms).has_value());
  EXPECT_EQ(queue.size(), 0U);
}

TEST_P(Waiting, a_queue_knows_what_is_done) {
  const ManagedQueue<int> queue = manager->queue<int>();
  queue.put(1);
  queue.put(2);
  EXPECT_FALSE(queue.join_for(1ms));
  auto joined = std::async(std::launch::async, [&] { queue.join(); });
  for (int i = 0; i < 2; ++i) {
    queue.get();
    queue.task_done();
  }
  joined.get();
  EXPECT_THROW(queue.task_done(), UsageError);
}

TEST_P(Waiting, a_closed_queue_gives_what_is_left) {
  const ManagedQueue<int> queue = manager->queue<int>();
  queue.put(1);
  queue.close();
  EXPECT_TRUE(queue.closed());
  EXPECT_THROW(queue.put(2), UsageError);
  EXPECT_EQ(queue.get().get(), 1);
  EXPECT_FALSE(queue.get().has_value());
}

TEST_P(Waiting, producers_and_consumers_of_a_queue_wait_for_each_other) {
  const ManagedQueue<int> queue = manager->queue<int>(3);
  constexpr int count = 200;
  std::vector<std::future<long>> sums;
  for (int i = 0; i < 3; ++i) {
    sums.push_back(std::async(std::launch::async, [&] {
      long sum = 0;
      while (const auto value = queue.get()) sum += *value;
      return sum;
    }));
  }
  std::vector<std::thread> producers;
  for (int i = 0; i < 3; ++i)
    producers.emplace_back([&] {
      for (int value = 1; value <= count; ++value) queue.put(value);
    });
  for (std::thread& producer : producers) producer.join();
  queue.close();
  long sum = 0;
  for (auto& part : sums) sum += part.get();
  EXPECT_EQ(sum, 3L * count * (count + 1) / 2);
}

TEST_P(Waiting, a_lock_excludes) {
  const ManagedLock lock = manager->lock();
  {
    const std::unique_lock guard(lock);
    EXPECT_TRUE(lock.locked());
    EXPECT_FALSE(lock.try_acquire());
    EXPECT_THROW(lock.acquire(), UsageError);
    EXPECT_FALSE(std::async(std::launch::async, [&] { return lock.try_acquire_for(1ms); }).get());
    EXPECT_THROW(std::async(std::launch::async, [&] { lock.release(); }).get(), UsageError);
  }
  EXPECT_FALSE(lock.locked());
  EXPECT_FALSE(lock.owner_died());
  EXPECT_THROW(lock.release(), UsageError);
  int counter = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) {
        const std::lock_guard guard(lock);
        const int before = counter;
        std::this_thread::yield();
        counter = before + 1;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter, 200);
}

TEST_P(Waiting, a_recursive_lock_is_given_back_as_often_as_it_was_acquired) {
  const ManagedRLock lock = manager->rlock();
  lock.acquire();
  EXPECT_TRUE(lock.try_acquire());
  lock.release();
  EXPECT_TRUE(lock.locked());
  EXPECT_FALSE(std::async(std::launch::async, [&] { return lock.try_acquire(); }).get());
  lock.release();
  EXPECT_FALSE(lock.locked());
  EXPECT_THROW(lock.release(), UsageError);
}

TEST_P(Waiting, a_semaphore_counts) {
  const ManagedSemaphore semaphore = manager->semaphore(2);
  semaphore.acquire();
  EXPECT_TRUE(semaphore.try_acquire());
  EXPECT_FALSE(semaphore.try_acquire_for(1ms));
  EXPECT_EQ(semaphore.value(), 0);
  auto waiting = std::async(std::launch::async, [&] { semaphore.acquire(); });
  semaphore.release();
  waiting.get();
  semaphore.release(3);
  EXPECT_EQ(semaphore.value(), 3);
  const ManagedBoundedSemaphore bounded = manager->bounded_semaphore(1);
  EXPECT_THROW(bounded.release(), UsageError);
  EXPECT_THROW(manager->semaphore(-1), UsageError);
}

TEST_P(Waiting, an_event_lets_all_go_on) {
  const ManagedEvent event = manager->event();
  EXPECT_FALSE(event.is_set());
  EXPECT_FALSE(event.wait_for(1ms));
  auto one = std::async(std::launch::async, [&] { event.wait(); });
  auto two = std::async(std::launch::async, [&] { return event.wait_for(1h); });
  event.set();
  one.get();
  EXPECT_TRUE(two.get());
  EXPECT_TRUE(event.is_set());
  event.clear();
  EXPECT_FALSE(event.is_set());
}

TEST_P(Waiting, a_condition_tells_of_changes) {
  const ManagedCondition condition = manager->condition();
  EXPECT_THROW(condition.wait(), UsageError);
  EXPECT_THROW(condition.release(), UsageError);
  int ready = 0, seen = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      const std::lock_guard guard(condition);
      condition.wait([&] { return ready != 0; });
      ++seen;
    });
  {
    const std::lock_guard guard(condition);
    EXPECT_FALSE(condition.wait_for(1ms));
    EXPECT_FALSE(condition.wait_for([] { return false; }, 1ms));
    ready = 1;
    condition.notify_one();
    condition.notify_all();
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(seen, 3);
}

TEST_P(Waiting, conditions_may_share_a_lock) {
  const ManagedLock lock = manager->lock();
  const ManagedCondition one = manager->condition(lock), other = manager->condition(lock);
  one.acquire();
  EXPECT_TRUE(lock.locked());
  EXPECT_FALSE(std::async(std::launch::async, [&] { return other.try_acquire(); }).get());
  other.release();
  EXPECT_FALSE(lock.locked());
}

TEST_P(Waiting, a_barrier_is_passed_together) {
  const ManagedBarrier barrier = manager->barrier(3);
  EXPECT_EQ(barrier.parties(), 3U);
  for (int round = 0; round < 20; ++round) {
    std::vector<std::future<std::size_t>> parties;
    for (int i = 0; i < 3; ++i)
      parties.push_back(std::async(std::launch::async, [&] { return barrier.wait(); }));
    std::set<std::size_t> numbers;
    for (auto& party : parties) numbers.insert(party.get());
    EXPECT_EQ(numbers, (std::set<std::size_t>{0, 1, 2}));
  }
  EXPECT_EQ(barrier.n_waiting(), 0U);
  EXPECT_THROW(manager->barrier(0), UsageError);
}

TEST_P(Waiting, a_barrier_breaks_for_all) {
  const ManagedBarrier barrier = manager->barrier(3);
  auto party = std::async(std::launch::async, [&] { return barrier.wait(); });
  EXPECT_THROW(barrier.wait_for(1ms), BrokenBarrier);
  EXPECT_THROW(party.get(), BrokenBarrier);
  EXPECT_TRUE(barrier.broken());
  EXPECT_THROW(barrier.wait(), BrokenBarrier);
  barrier.reset();
  EXPECT_FALSE(barrier.broken());
  barrier.abort();
  EXPECT_TRUE(barrier.broken());
}

TEST_P(Waiting, until_a_moment_that_is_over_does_not_block) {
  constexpr auto over = std::chrono::steady_clock::time_point::min();
  const ManagedQueue<int> queue = manager->queue<int>(1);
  EXPECT_FALSE(queue.get_until(over).has_value());
  EXPECT_TRUE(queue.put_until(1, over));
  EXPECT_FALSE(queue.put_until(2, over));
  EXPECT_FALSE(queue.join_until(over));
  EXPECT_FALSE(manager->event().wait_until(over));
  EXPECT_FALSE(manager->semaphore(0).try_acquire_until(over));
  const ManagedLock lock = manager->lock();
  EXPECT_TRUE(lock.try_acquire_until(over));
  const ManagedCondition condition = manager->condition(lock);
  EXPECT_FALSE(condition.wait_until(over));
  EXPECT_FALSE(condition.wait_until([] { return false; }, over));
  lock.release();
  EXPECT_THROW(manager->barrier(2).wait_until(over), BrokenBarrier);
}

TEST_P(Waiting, until_the_last_moment_has_no_limit) {
  constexpr auto never = std::chrono::steady_clock::time_point::max();
  const ManagedEvent event = manager->event();
  auto waiter = std::async(std::launch::async, [&] { return event.wait_until(never); });
  event.set();
  EXPECT_TRUE(waiter.get());
  const ManagedRLock lock = manager->rlock();
  EXPECT_TRUE(lock.try_acquire_until(never));
  lock.release();
}

}  // namespace
}  // namespace brood::testing::waiting_test

// Waits until a moment of the steady clock. The first one of all is long over, the last one means
// without a limit.
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <type_traits>

#include <brood/array.hpp>
#include <brood/barrier.hpp>
#include <brood/condition.hpp>
#include <brood/connection.hpp>
#include <brood/event.hpp>
#include <brood/lock.hpp>
#include <brood/queue.hpp>
#include <brood/semaphore.hpp>
#include <brood/shared_memory.hpp>
#include <brood/value.hpp>
#include <brood/wait.hpp>
#include "shared/children.hpp"

namespace brood::testing::moments_test {
namespace {

using Moment = std::chrono::steady_clock::time_point;
using MomentsTest = LeakCheck;

TEST_F(MomentsTest, that_are_over_do_not_block) {
  const Event event;
  EXPECT_FALSE(event.wait_until(Moment::min()));
  const Semaphore none(0);
  EXPECT_FALSE(none.try_acquire_until(Moment::min()));
  const BoundedSemaphore lent(0);
  EXPECT_FALSE(lent.try_acquire_until(Moment::min()));
  const Lock lock;
  std::thread([&] { lock.acquire(); }).join();  // and ends with it
  EXPECT_TRUE(lock.try_acquire_until(Moment::min()));
  EXPECT_TRUE(lock.owner_died());
  EXPECT_FALSE(lock.try_acquire_until(Moment::min())) << "held by this thread";
  const Condition condition(lock);
  EXPECT_FALSE(condition.wait_until(Moment::min()));
  EXPECT_FALSE(condition.wait_until([] { return false; }, Moment::min()));
  EXPECT_TRUE(condition.wait_until([] { return true; }, Moment::min()));
  lock.release();
  EXPECT_THROW(Barrier(2).wait_until(Moment::min()), BrokenBarrier);
}

TEST_F(MomentsTest, that_are_over_do_not_block_a_queue) {
  const JoinableQueue<int> queue(1);
  EXPECT_FALSE(queue.get_until(Moment::min()));
  EXPECT_TRUE(queue.put_until(7, Moment::min()));
  EXPECT_FALSE(queue.put_until(8, Moment::min()));
  EXPECT_FALSE(queue.join_until(Moment::min()));
  EXPECT_EQ(queue.get_until(Moment::min()).get(), 7);
  queue.task_done();
  EXPECT_TRUE(queue.join_until(Moment::min()));
}

TEST_F(MomentsTest, that_are_over_do_not_block_a_connection) {
  auto [here, there] = pipe();
  EXPECT_FALSE(here.poll_until(Moment::min()));
  EXPECT_TRUE(wait_until({here}, Moment::min()).empty());
  there.send(1);
  EXPECT_TRUE(here.poll_until(Moment::min()));
  EXPECT_EQ(wait_until(std::vector<Connection>{here}, Moment::min()).size(), 1u);
}

TEST_F(MomentsTest, the_last_of_all_means_without_a_limit) {
  const Event begun, event;
  const SimpleQueue<int> queue;
  auto [here, there] = pipe();
  std::thread other([&, sender = there]() mutable {
    begun.wait();
    event.set();
    queue.put(7);
    sender.send(8);
  });
  begun.set();
  EXPECT_TRUE(event.wait_until(Moment::max()));
  EXPECT_EQ(queue.get_until(Moment::max()).get(), 7);
  EXPECT_EQ(wait_until({here}, Moment::max()).size(), 1u);
  EXPECT_TRUE(here.poll_until(Moment::max()));
  const Lock lock;
  EXPECT_TRUE(lock.try_acquire_until(Moment::max()));
  lock.release();
  EXPECT_TRUE(Semaphore().try_acquire_until(Moment::max()));
  other.join();
}

// Decoding makes handles that refer to nothing; a user of the library cannot.
template <class... Handle>
constexpr bool only_decoding_makes_blank = (detail::decodes_into_nothing<Handle> && ...) &&
                                           (!std::is_constructible_v<Handle, detail::Undecoded> &&
                                            ...);
static_assert(only_decoding_makes_blank<Lock, RLock, Semaphore, BoundedSemaphore, Condition, Event,
                                        Barrier, SharedMemory>);
static_assert(only_decoding_makes_blank<Queue<int>, SimpleQueue<int>, JoinableQueue<int>>);
static_assert(
    only_decoding_makes_blank<Value<int>, Value<std::atomic<int>>, Array<int>, ArraySlice<int>>);

class CountingLock : public Lock {
 public:
  CountingLock() = default;
};
static_assert(!detail::decodes_into_nothing<CountingLock>);
static_assert(!detail::decodes_into_nothing<std::string>);

}  // namespace
}  // namespace brood::testing::moments_test

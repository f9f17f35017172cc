#include <brood/lock.hpp>

#include <chrono>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include <brood/event.hpp>
#include <brood/value.hpp>
#include "shared/children.hpp"
#include "support/sanitizers.hpp"

namespace brood::testing::lock_test {
namespace {

using namespace std::chrono_literals;

/// What every lock does.
template <class L>
class EveryLock : public LeakCheck {};
using Locks = ::testing::Types<Lock, RLock>;
TYPED_TEST_SUITE(EveryLock, Locks);

/// What only one of them does.
using LockTest = LeakCheck;
using RLockTest = LeakCheck;

template <class L>
bool another_thread_can_take(const L& lock) {
  bool taken = false;
  std::thread([&] {
    taken = lock.try_acquire();
    if (taken) lock.release();
  }).join();
  return taken;
}

TYPED_TEST(EveryLock, is_held_from_acquire_to_release) {
  const TypeParam lock;
  EXPECT_FALSE(lock.locked());
  lock.acquire();
  EXPECT_TRUE(lock.locked());
  EXPECT_FALSE(another_thread_can_take(lock));
  lock.release();
  EXPECT_FALSE(lock.locked());
  EXPECT_TRUE(another_thread_can_take(lock));
}

TYPED_TEST(EveryLock, is_the_same_in_a_forked_process) {
  const TypeParam lock;
  const std::lock_guard held(lock);
  EXPECT_EQ(Child([&] { return lock.try_acquire() ? 1 : 0; }).wait(), 0);
}

TYPED_TEST(EveryLock, received_is_the_same) {
  const TypeParam lock;
  const TypeParam copy = received(lock);
  const std::lock_guard held(copy);
  EXPECT_TRUE(lock.locked());
  EXPECT_FALSE(another_thread_can_take(lock));
}

TYPED_TEST(EveryLock, received_once_and_inherited_once_is_the_same) {
  const TypeParam lock;
  const TypeParam other = received(lock);
  Child holder([&] {
    other.acquire();
    Lock().acquire();  // also when it holds another one
    stay();
  });
  while (!lock.locked()) std::this_thread::yield();
  EXPECT_FALSE(lock.try_acquire_for(-1s));
  holder.kill();
  EXPECT_TRUE(lock.try_acquire_for(patience));
  EXPECT_TRUE(lock.owner_died());
  lock.release();
}

TYPED_TEST(EveryLock, waits_as_long_as_the_duration_says) {
  const TypeParam lock;
  const std::lock_guard held(lock);
  const auto start = std::chrono::steady_clock::now();
  std::thread([&] {
    EXPECT_FALSE(lock.try_acquire_for(20ms));
    EXPECT_FALSE(lock.try_acquire_for(0.001s));
    EXPECT_FALSE(lock.try_acquire_for(-1h));
    EXPECT_FALSE(lock.try_acquire_for(std::chrono::nanoseconds::min()));
  }).join();
  EXPECT_GE(std::chrono::steady_clock::now() - start, 20ms);
}

TYPED_TEST(EveryLock, is_what_the_standard_library_can_lock) {
  TypeParam one, two;
  {
    const std::scoped_lock both(one, two);
    EXPECT_TRUE(one.locked() && two.locked());
  }
  std::unique_lock guard(one, std::defer_lock);
  EXPECT_TRUE(guard.try_lock_for(1s));
  guard.unlock();
  EXPECT_TRUE(guard.try_lock_until(std::chrono::steady_clock::now()));
  guard.release()->unlock();
  EXPECT_TRUE(guard.mutex() == nullptr && one.try_lock());
  one.unlock();
}

TYPED_TEST(EveryLock, passes_to_the_next_when_its_holder_is_killed) {
  const TypeParam lock;
  Child holder([&] {
    lock.acquire();
    stay();
  });
  while (!lock.locked()) std::this_thread::yield();
  std::thread killer([&] { holder.kill(); });
  lock.acquire();
  EXPECT_TRUE(lock.owner_died());
  lock.release();
  EXPECT_TRUE(lock.owner_died());
  lock.acquire();
  EXPECT_FALSE(lock.owner_died());
  lock.release();
  killer.join();
}

TYPED_TEST(EveryLock, only_the_first_to_take_it_from_a_dead_holder_is_told) {
  const TypeParam lock;
  EXPECT_EQ(Child([&] { lock.acquire(); }).wait(), 0);
  lock.acquire();
  EXPECT_TRUE(lock.owner_died());
  lock.release();
  EXPECT_EQ(Child([&] {
              lock.acquire();
              return lock.owner_died() ? 1 : 0;
            }).wait(),
            0);
  EXPECT_TRUE(lock.try_acquire());
  EXPECT_TRUE(lock.owner_died()) << "the child ended with it";
  lock.release();
}

TYPED_TEST(EveryLock, a_death_that_another_mistake_finds_is_still_told) {
  const TypeParam lock;
  EXPECT_EQ(Child([&] { lock.acquire(); }).wait(), 0);
  EXPECT_THROW(lock.release(), UsageError);
  EXPECT_TRUE(lock.locked()) << "nobody has taken over";
  for (const bool told : {true, false}) {
    lock.acquire();
    EXPECT_EQ(lock.owner_died(), told);
    lock.release();
  }
}

TYPED_TEST(EveryLock, passes_on_when_the_thread_that_held_it_has_ended) {
  const TypeParam lock;
  std::thread([&] { lock.acquire(); }).join();
  EXPECT_TRUE(lock.try_acquire());
  EXPECT_TRUE(lock.owner_died());
  lock.release();
}

TYPED_TEST(EveryLock, survives_kills_at_random_moments) {
  const TypeParam lock;
  Value<int> depth(0);
  const Event go;
  auto work = [&](int) {
    for (;;) {
      const std::lock_guard held(lock);
      if (lock.owner_died()) *depth = 0;
      if (++*depth != 1) return 1;
      --*depth;
    }
  };
  std::vector<Child> workers = children(3, work);
  for (int i = 0; i < times(100, 20); ++i) {
    {
      const std::lock_guard held(lock);
      if (lock.owner_died()) *depth = 0;
      ASSERT_EQ(*depth, 0);
    }
    Child one = std::move(workers.back());
    workers.pop_back();
    one.signal(SIGKILL);
    EXPECT_EQ(one.wait(), -SIGKILL);
    workers.emplace(workers.begin(), [&] { return work(0); });
  }
}

TYPED_TEST(EveryLock, released_by_a_thread_that_does_not_hold_it_is_refused) {
  const TypeParam lock;
  EXPECT_THROW(lock.release(), UsageError);
  EXPECT_TRUE(another_thread_can_take(lock));
  lock.acquire();
  std::thread([&] { EXPECT_THROW(lock.release(), UsageError); }).join();
  EXPECT_EQ(Child([&] {
              try {
                lock.release();
              } catch (const UsageError&) {
                return 0;
              }
              return 1;
            }).wait(),
            0);
  EXPECT_TRUE(lock.locked());
  lock.release();
}

TYPED_TEST(EveryLock, its_handle_may_go_while_it_is_held) {
  // In a child: the memory of such a lock stays until its process ends.
  EXPECT_EQ(Child([] {
              {
                const TypeParam gone;
                gone.acquire();
              }
              const TypeParam other;  // would touch the list of locks that this thread holds
              const std::lock_guard held(other);
            }).wait(),
            0);
}

TYPED_TEST(EveryLock, moved_from_is_what_it_was) {
  TypeParam lock;
  const TypeParam moved = std::move(lock);
  lock.acquire();  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(moved.locked());
  moved.release();
}

TYPED_TEST(EveryLock, made_and_dropped_often_leaves_no_descriptors) {
  const std::size_t before = descriptors_of("self").size();
  for (int i = 0; i < 1000; ++i) {
    const TypeParam lock;
    const TypeParam copy(lock);
    copy.acquire();
    copy.release();
  }
  EXPECT_EQ(descriptors_of("self").size(), before);
}

TYPED_TEST(EveryLock, decoding_it_makes_no_other) {
  const TypeParam lock;
  const std::set<int> before = descriptors_of("self");
  const auto both = received(std::tuple<TypeParam, int>(lock, 3));
  EXPECT_EQ(descriptors_of("self"), before);
  std::get<0>(both).acquire();
  EXPECT_TRUE(lock.locked());
  lock.release();
}

TYPED_TEST(EveryLock, bytes_of_another_object_are_no_lock) {
  detail::Bytes bytes;
  detail::encode_value(bytes, Event());
  Reader reader(bytes.view());
  EXPECT_THROW(detail::decode_value<TypeParam>(reader), CodecError);
}

TEST_F(LockTest, is_not_acquired_twice_by_one_thread) {
  const Lock lock;
  lock.acquire();
  EXPECT_FALSE(lock.try_acquire());
  EXPECT_FALSE(lock.try_acquire_for(5ms));
  EXPECT_THROW(lock.acquire(), UsageError) << "nobody else can release it";
  lock.release();
}

TEST_F(RLockTest, is_released_as_often_as_it_was_acquired) {
  const RLock lock;
  lock.acquire();
  EXPECT_TRUE(lock.try_acquire());
  EXPECT_TRUE(lock.try_acquire_for(1s));
  lock.release();
  lock.release();
  EXPECT_FALSE(another_thread_can_take(lock));
  lock.release();
  EXPECT_TRUE(another_thread_can_take(lock));
  EXPECT_THROW(lock.release(), UsageError);
}

TEST_F(RLockTest, held_three_times_by_a_dead_process_is_held_once_by_the_next) {
  const RLock lock;
  Child holder([&] {
    for (int i = 0; i < 3; ++i) lock.acquire();
    stay();
  });
  while (!lock.locked()) std::this_thread::yield();
  holder.kill();
  ASSERT_TRUE(lock.try_acquire_for(patience));
  EXPECT_TRUE(lock.owner_died());
  lock.release();
  EXPECT_TRUE(another_thread_can_take(lock));
}

TEST_F(RLockTest, of_another_thread_at_any_depth_is_not_released) {
  const RLock lock;
  lock.acquire();
  lock.acquire();
  std::thread([&] { EXPECT_THROW(lock.release(), UsageError); }).join();
  lock.release();
  EXPECT_FALSE(another_thread_can_take(lock));
  lock.release();
}

TEST_F(LockTest, a_time_that_is_long_over_is_not_waited_for) {
  const Lock lock;
  const std::lock_guard held(lock);
  std::thread other(
      [&] { EXPECT_FALSE(lock.try_lock_until(std::chrono::steady_clock::time_point::min())); });
  other.join();
}

TEST_F(LockTest, excludes_processes_from_one_another) {
  const Lock lock;
  const Value<long> count(0);
  std::vector<Child> all = children(4, [&](int) {
    for (int i = 0; i < times(20000, 2000); ++i) {
      const std::lock_guard held(lock);
      ++*count;
    }
    return 0;
  });
  expect_success(all);
  EXPECT_EQ(*count, 4 * times(20000, 2000));
}

}  // namespace
}  // namespace brood::testing::lock_test

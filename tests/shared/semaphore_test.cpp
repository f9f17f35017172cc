#include <brood/semaphore.hpp>

#include <chrono>
#include <mutex>
#include <thread>

#include <brood/event.hpp>
#include "shared/children.hpp"
#include "support/sanitizers.hpp"

namespace brood::testing::semaphore_test {
namespace {

using namespace std::chrono_literals;

template <class S>
class EverySemaphore : public LeakCheck {};
using Semaphores = ::testing::Types<Semaphore, BoundedSemaphore>;
TYPED_TEST_SUITE(EverySemaphore, Semaphores);

using SemaphoreTest = LeakCheck;
using BoundedSemaphoreTest = LeakCheck;

TYPED_TEST(EverySemaphore, has_as_many_permits_as_it_says) {
  const TypeParam semaphore(2);
  EXPECT_EQ(semaphore.value(), 2);
  semaphore.acquire();
  EXPECT_TRUE(semaphore.try_acquire());
  EXPECT_EQ(semaphore.value(), 0);
  EXPECT_FALSE(semaphore.try_acquire());
  EXPECT_FALSE(semaphore.try_acquire_for(1ms));
  EXPECT_FALSE(semaphore.try_acquire_for(-1h));
  semaphore.release();
  EXPECT_TRUE(semaphore.try_acquire_for(1h));
}

TYPED_TEST(EverySemaphore, has_one_permit_unless_told_otherwise) {
  const TypeParam semaphore;
  EXPECT_EQ(semaphore.value(), 1);
}

TYPED_TEST(EverySemaphore, can_begin_with_none) {
  const TypeParam semaphore(0);
  EXPECT_FALSE(semaphore.try_acquire());
}

TYPED_TEST(EverySemaphore, refuses_numbers_that_it_cannot_have) {
  EXPECT_THROW(TypeParam(-1), UsageError);
  EXPECT_THROW(TypeParam(std::int64_t{1} << 31), UsageError);
  EXPECT_EQ(TypeParam((std::int64_t{1} << 31) - 1).value(), (std::int64_t{1} << 31) - 1);
}

TYPED_TEST(EverySemaphore, is_what_the_standard_library_can_lock) {
  TypeParam semaphore(1);
  const std::unique_lock guard(semaphore, 1s);
  EXPECT_TRUE(guard.owns_lock());
  EXPECT_EQ(semaphore.value(), 0);
}

TYPED_TEST(EverySemaphore, lets_at_most_so_many_processes_in) {
  const TypeParam semaphore(3);
  const Semaphore inside(3);  // one that is not in doubt: it never waits
  std::vector<Child> all = children(6, [&](int) {
    for (int i = 0; i < times(2000, 200); ++i) {
      const std::lock_guard held(semaphore);
      if (!inside.try_acquire()) return 1;
      inside.release();
    }
    return 0;
  });
  expect_success(all);
  EXPECT_EQ(semaphore.value(), 3);
}

TYPED_TEST(EverySemaphore, is_released_by_another_process) {
  const TypeParam semaphore(1);
  semaphore.acquire();
  Child other([&] { semaphore.release(); });
  EXPECT_TRUE(semaphore.try_acquire_for(patience));
  EXPECT_EQ(other.wait(), 0);
}

TYPED_TEST(EverySemaphore, received_is_the_same) {
  const TypeParam semaphore(2);
  received(semaphore).acquire();
  EXPECT_EQ(semaphore.value(), 1);
}

TYPED_TEST(EverySemaphore, killed_waiters_take_nothing_along) {
  const TypeParam semaphore(1);
  semaphore.acquire();
  const Semaphore ready(0);
  std::vector<Child> all = children(4, [&](int) {
    ready.release();
    semaphore.acquire();
    return 0;
  });
  for (int i = 0; i < 4; ++i) ready.acquire();
  for (int i = 0; i < 3; ++i) all[static_cast<std::size_t>(i)].kill();
  semaphore.release();
  EXPECT_EQ(all.back().wait(), 0);
}

TEST_F(SemaphoreTest, takes_several_permits_back_at_once) {
  const Semaphore semaphore(0);
  std::vector<Child> all = children(3, [&](int) { return semaphore.acquire(), 0; });
  semaphore.release(3);
  expect_success(all);
  EXPECT_EQ(semaphore.value(), 0);
  EXPECT_THROW(semaphore.release(-1), UsageError);
  semaphore.release((std::int64_t{1} << 31) - 1);
  EXPECT_THROW(semaphore.release(), UsageError);
}

TEST_F(SemaphoreTest, does_not_give_back_what_a_dead_process_had) {
  const Semaphore semaphore(1);
  EXPECT_EQ(Child([&] { semaphore.acquire(); }).wait(), 0);
  EXPECT_FALSE(semaphore.try_acquire_for(120ms));
}

TEST_F(SemaphoreTest, a_permit_passes_by_who_was_woken_and_killed) {
  // Many waiters, most of them killed while permits come: each permit reaches a living waiter or
  // goes with its holder.
  const Semaphore semaphore(0), got(0);
  std::vector<Child> all = children(8, [&](int) {
    semaphore.acquire();
    got.release();
    return 0;
  });
  std::vector<Child> survivors;
  survivors.push_back(std::move(all.back()));
  all.pop_back();
  for (Child& child : all) {
    semaphore.release();
    child.signal(SIGKILL);
  }
  semaphore.release();
  expect_success(survivors);
}

TEST_F(BoundedSemaphoreTest, is_not_released_beyond_its_first_number) {
  const BoundedSemaphore semaphore(2);
  EXPECT_THROW(semaphore.release(), UsageError);
  semaphore.acquire();
  semaphore.release();
  EXPECT_THROW(semaphore.release(), UsageError);
  EXPECT_EQ(semaphore.value(), 2);
}

TEST_F(BoundedSemaphoreTest, gives_back_what_a_dead_process_had) {
  const BoundedSemaphore semaphore(3);
  semaphore.acquire();
  const Event ready;
  Child holder([&] {
    semaphore.acquire();
    semaphore.acquire();
    ready.set();
    stay();
  });
  ready.wait();
  EXPECT_FALSE(semaphore.try_acquire());
  std::thread killer([&] { holder.kill(); });
  EXPECT_TRUE(semaphore.try_acquire_for(patience));
  EXPECT_TRUE(semaphore.owner_died());
  EXPECT_TRUE(semaphore.try_acquire());
  EXPECT_TRUE(semaphore.owner_died());
  killer.join();
  EXPECT_FALSE(semaphore.try_acquire());
  semaphore.release();
  EXPECT_TRUE(semaphore.try_acquire());
  EXPECT_FALSE(semaphore.owner_died());
}

TEST_F(BoundedSemaphoreTest, a_dead_holder_that_nobody_has_reaped_is_dead) {
  const BoundedSemaphore semaphore(1);
  Child holder([&] { semaphore.acquire(); });
  EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(holder.pid()), nullptr, WEXITED | WNOWAIT), 0);
  EXPECT_TRUE(semaphore.try_acquire());
  EXPECT_TRUE(semaphore.owner_died());
}

TEST_F(BoundedSemaphoreTest, a_forked_child_does_not_hold_what_its_parent_holds) {
  const BoundedSemaphore semaphore(1);
  semaphore.acquire();
  EXPECT_EQ(Child([] {}).wait(), 0);
  EXPECT_FALSE(semaphore.try_acquire());
}

TEST_F(BoundedSemaphoreTest, has_all_permits_after_kills_at_random_moments) {
  const BoundedSemaphore semaphore(2);
  auto work = [&](int) {
    for (;;) {
      semaphore.acquire();
      semaphore.release();
    }
    return 0;
  };
  for (int i = 0; i < times(60, 10); ++i) {
    std::vector<Child> all = children(3, work);
    ASSERT_TRUE(semaphore.try_acquire_for(patience));
    semaphore.release();
  }
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(semaphore.try_acquire_for(patience)) << i;
  EXPECT_FALSE(semaphore.try_acquire());
}

}  // namespace
}  // namespace brood::testing::semaphore_test

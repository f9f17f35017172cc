#include <unistd.h>

#include <fstream>
#include <memory>
#include <mutex>
#include <thread>

#include <brood/lock.hpp>
#include <brood/value.hpp>
#include "pool/pool_fixture.hpp"
#include "shared/children.hpp"

// Threads that end while they hold a lock.
namespace brood::testing::ended_thread_test {
namespace {

using AnEndedThread = PoolCheck;

template <class L>
void expect_told(const L& lock, bool told) {
  ASSERT_TRUE(lock.try_acquire());
  EXPECT_EQ(lock.owner_died(), told);
  lock.release();
}

TEST_F(AnEndedThread, leaves_its_locks_to_the_next_which_is_told) {
  const Lock one, other;
  const RLock deep;
  std::thread([&] {
    one.acquire();
    for (int i = 0; i < 3; ++i) deep.acquire();
    other.acquire();
  }).join();
  for (const bool told : {true, false}) {
    expect_told(one, told);
    expect_told(other, told);
    expect_told(deep, told);
  }
}

TEST_F(AnEndedThread, wakes_a_process_that_waits_for_its_lock) {
  const Lock lock;
  const Event end;
  std::thread holder([&] {
    lock.acquire();
    end.wait();
  });
  while (!lock.locked()) std::this_thread::yield();
  Child waiter([&] {
    lock.acquire();
    return lock.owner_died() ? 0 : 1;
  });
  while (status_field(waiter.pid(), "State").front() != 'S') std::this_thread::yield();
  end.set();
  holder.join();
  EXPECT_EQ(waiter.wait(), 0);
}

TEST_F(AnEndedThread, keeps_no_lock_in_its_process_whose_handles_are_gone) {
  const std::size_t before = descriptors_of("self").size();
  std::thread([&] {
    for (int i = 0; i < 10; ++i) {
      const Lock lock;
      lock.acquire();
      const RLock deep;
      deep.acquire();
    }
    EXPECT_EQ(descriptors_of("self").size(), before + 20) << "they are held";
  }).join();
  EXPECT_EQ(descriptors_of("self").size(), before);
}

TEST_F(AnEndedThread, releases_in_its_own_objects_as_ever) {
  const Lock lock;
  std::thread([&] {
    static thread_local std::unique_ptr<std::lock_guard<const Lock>> late;
    late = std::make_unique<std::lock_guard<const Lock>>(lock);
  }).join();
  expect_told(lock, false);
}

/// A thread with this number runs `body`. False where the system does not give it that.
template <class Body>
bool run_with_number(pid_t number, Body body) {
  for (int i = 0; i < 100; ++i) {
    std::ofstream("/proc/sys/kernel/ns_last_pid") << number - 1 << std::flush;
    bool has_it = false;
    std::thread([&] {
      has_it = ::gettid() == number;
      if (has_it) body();
    }).join();
    if (has_it) return true;
  }
  return false;
}

TEST_F(AnEndedThread, may_be_followed_by_one_with_its_number) {
  const Lock lock;
  pid_t number = 0;
  std::thread([&] {
    number = ::gettid();
    lock.acquire();
  }).join();
  Child other([&] {
    lock.acquire();
    lock.release();
  });
  ASSERT_EQ(other.wait(), 0);
  const bool ran = run_with_number(number, [&] {
    EXPECT_NO_THROW(lock.acquire());
    lock.release();
  });
  if (!ran) GTEST_SKIP() << "only root chooses the next thread's number";
}

}  // namespace
}  // namespace brood::testing::ended_thread_test

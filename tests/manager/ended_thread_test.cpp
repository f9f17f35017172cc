#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include "manager/tcp_fixture.hpp"
#include "shared/children.hpp"

// Threads that end while they hold a manager's lock.
namespace brood::testing::ended_thread_test {
namespace {

class EndedThread : public TcpTest {};
BROOD_FOR_EVERY_METHOD(EndedThread);

template <class L>
void expect_told(const L& lock, bool told) {
  ASSERT_TRUE(lock.try_acquire_for(patience));
  EXPECT_EQ(lock.owner_died(), told);
  lock.release();
}

template <class L>
void end_while_holding(const L& lock, int times = 1) {
  std::thread([&] {
    for (int i = 0; i < times; ++i) lock.acquire();
  }).join();
}

TEST_P(EndedThread, leaves_its_lock_to_the_next_which_is_told) {
  const Manager manager(manager_options());
  const auto lock = manager.lock();
  const auto rlock = manager.rlock();
  const auto condition = manager.condition();
  for (int round = 0; round < 2; ++round) {
    end_while_holding(lock);
    end_while_holding(rlock, 3);
    end_while_holding(condition);
    for (const bool told : {true, false}) {
      expect_told(lock, told);
      expect_told(rlock, told);
      expect_told(condition, told);
    }
  }
}

TEST_P(EndedThread, wakes_a_process_that_waits_for_its_lock) {
  const Manager manager(manager_options());
  const auto lock = manager.lock();
  auto [here, there] = pipe();
  std::thread holder([&, there = there]() mutable {
    lock.acquire();
    there.recv<int>();
  });
  while (!lock.locked()) std::this_thread::yield();
  Child waiter([&] {
    lock.acquire();
    return lock.owner_died() ? 0 : 1;
  });
  while (status_field(waiter.pid(), "State").front() != 'S') std::this_thread::yield();
  here.send(1);
  holder.join();
  EXPECT_EQ(waiter.wait(), 0);
}

TEST_P(EndedThread, releases_in_its_own_objects_as_ever) {
  const Manager manager(manager_options());
  const auto lock = manager.lock();
  std::thread([&] {
    static thread_local std::unique_ptr<std::lock_guard<const ManagedLock>> late;
    late = std::make_unique<std::lock_guard<const ManagedLock>>(lock);
  }).join();
  expect_told(lock, false);
}

TEST_P(EndedThread, leaves_alone_what_it_has_released) {
  const Manager manager(manager_options());
  const auto lock = manager.lock();
  const auto condition = manager.condition(lock);
  std::thread([&] {
    condition.acquire();
    lock.release();
    lock.acquire();
    lock.release();
  }).join();
  lock.acquire();
  std::thread([&] { EXPECT_FALSE(lock.try_acquire()); }).join();
  EXPECT_TRUE(lock.locked());
  lock.release();
  expect_told(lock, false);
}

TEST_P(EndedThread, keeps_no_lock_whose_proxies_are_gone) {
  const Manager manager(manager_options());
  std::thread([&] {
    {
      const auto lock = manager.lock();
      lock.acquire();
    }
    EXPECT_TRUE(come_to(manager, 0));
  }).join();
}

TEST_P(EndedThread, ends_when_the_server_has_ended_before) {
  const auto manager = std::make_unique<Manager>(manager_options());
  const auto lock = manager->lock();
  std::thread([&] {
    lock.acquire();
    manager->shutdown();
  }).join();
  EXPECT_THROW(lock.acquire(), SystemError);
}

TEST_P(EndedThread, of_a_remote_program_leaves_its_lock_too) {
  const auto client = remote([](const Manager& far, Connection&) {
    const auto lock = far.lock();
    end_while_holding(lock);
    if (!lock.try_acquire_for(patience)) throw std::runtime_error("it is held");
    if (!lock.owner_died()) throw std::runtime_error("nobody was told");
  });
  const Manager manager(listening());
  client->connect(manager.address());
  EXPECT_EQ(client->end(), "");
}

}  // namespace
}  // namespace brood::testing::ended_thread_test

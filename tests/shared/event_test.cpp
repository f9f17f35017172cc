#include <brood/event.hpp>

#include <chrono>
#include <thread>

#include <brood/semaphore.hpp>
#include "shared/children.hpp"

namespace brood::testing::event_test {
namespace {

using namespace std::chrono_literals;
using EventTest = LeakCheck;

TEST_F(EventTest, is_set_until_it_is_cleared) {
  const Event event;
  EXPECT_FALSE(event.is_set());
  EXPECT_FALSE(event.wait_for(1ms));
  EXPECT_FALSE(event.wait_for(-1ms));
  event.set();
  event.set();
  EXPECT_TRUE(event.is_set());
  EXPECT_TRUE(event.wait_for(0s));
  event.wait();
  event.clear();
  event.clear();
  EXPECT_FALSE(event.is_set());
}

TEST_F(EventTest, wakes_every_process_that_waits) {
  const Event event;
  const Semaphore ready(0);
  std::vector<Child> all = children(5, [&](int) {
    ready.release();
    return event.wait_for(patience) ? 0 : 1;
  });
  for (int i = 0; i < 5; ++i) ready.acquire();
  event.set();
  expect_success(all);
}

TEST_F(EventTest, received_is_the_same) {
  const Event event;
  received(event).set();
  EXPECT_TRUE(event.is_set());
}

TEST_F(EventTest, answers_ping_with_pong) {
  const Event ping, pong;
  Child other([&] {
    for (int i = 0; i < 500; ++i) {
      ping.wait();
      ping.clear();
      pong.set();
    }
  });
  for (int i = 0; i < 500; ++i) {
    ping.set();
    ASSERT_TRUE(pong.wait_for(patience));
    pong.clear();
  }
  EXPECT_EQ(other.wait(), 0);
}

TEST_F(EventTest, set_for_a_moment_is_seen_by_who_waits) {
  const Event event;
  Child waiter([&] { event.wait(); });
  // In poll or futex: asleep in its wait.
  while (!event.is_set() && waiter.pid() > 0) {
    std::ifstream file("/proc/" + std::to_string(waiter.pid()) + "/syscall");
    std::string call;
    if (file >> call && call == "202") break;  // futex
    std::this_thread::yield();
  }
  event.set();
  event.clear();
  EXPECT_EQ(waiter.wait(), 0);
}

TEST_F(EventTest, a_killed_waiter_leaves_it_usable) {
  const Event event;
  const Semaphore ready(0);
  auto waits = [&](int) {
    ready.release();
    event.wait();
    return 0;
  };
  std::vector<Child> all = children(3, waits);
  for (int i = 0; i < 3; ++i) ready.acquire();
  all.front().kill();
  all.erase(all.begin());
  event.set();
  expect_success(all);
}

const Event* event_of_the_handler = nullptr;

TEST_F(EventTest, is_set_in_a_signal_handler) {
  const Event event, ready;
  Child child([&] {
    event_of_the_handler = &event;
    std::signal(SIGUSR1, [](int) { event_of_the_handler->set(); });
    ready.set();
    event.wait();  // the handler runs in its midst
  });
  ready.wait();
  child.signal(SIGUSR1);
  EXPECT_EQ(child.wait(), 0);
  EXPECT_TRUE(event.is_set());
}

TEST_F(EventTest, waiting_for_longer_than_the_clock_has_is_waiting_for_ever) {
  const Event event;
  std::thread setter([&] { event.set(); });
  EXPECT_TRUE(event.wait_for(std::chrono::hours::max()));
  setter.join();
}

}  // namespace
}  // namespace brood::testing::event_test

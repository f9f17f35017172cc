#include <brood/barrier.hpp>

#include <sys/ptrace.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include <brood/array.hpp>
#include <brood/value.hpp>
#include "shared/children.hpp"
#include "support/sanitizers.hpp"

namespace brood::testing::barrier_test {
namespace {

using namespace std::chrono_literals;
using BarrierTest = LeakCheck;

// 0 when it was broken, 1 when it was passed.
int passes(const Barrier& barrier, std::chrono::milliseconds limit = patience) {
  try {
    barrier.wait_for(limit);
  } catch (const BrokenBarrier&) {
    return 0;
  }
  return 1;
}

void wait_until_waiting(const Barrier& barrier, std::size_t count) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (barrier.n_waiting() != count && std::chrono::steady_clock::now() < end)
    std::this_thread::yield();
}

TEST_F(BarrierTest, gives_each_party_a_number_of_its_own) {
  const Barrier barrier(4);
  EXPECT_EQ(barrier.parties(), 4U);
  const Array<int> seen(4);
  std::vector<Child> all = children(3, [&](int) { return seen[barrier.wait()] = 1, 0; });
  seen[barrier.wait()] = 1;
  expect_success(all);
  EXPECT_TRUE(std::ranges::all_of(seen, [](int one) { return one == 1; }));
  EXPECT_EQ(barrier.n_waiting(), 0U);
}

TEST_F(BarrierTest, of_one_party_is_always_passed) {
  const Barrier barrier(1);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(barrier.wait(), 0U);
}

TEST_F(BarrierTest, keeps_processes_in_step_for_many_generations) {
  constexpr int generations = times(1000, 100);
  const Barrier barrier(4);
  const Value<std::atomic<int>> come(0);
  std::vector<Child> all = children(4, [&](int) {
    for (int i = 1; i <= generations; ++i) {
      ++*come;
      barrier.wait();
      if (come.get() < 4 * i) return 1;
      barrier.wait();
      if (come.get() > 4 * i && i == generations) return 2;
    }
    return 0;
  });
  expect_success(all);
  EXPECT_EQ(come.get(), 4 * generations);
}

TEST_F(BarrierTest, a_party_killed_while_it_waits_breaks_it) {
  const Barrier barrier(3);
  Child victim([&] { barrier.wait(); });
  wait_until_waiting(barrier, 1);
  Child other([&] { return passes(barrier); });
  wait_until_waiting(barrier, 2);
  const auto start = std::chrono::steady_clock::now();
  victim.kill();
  EXPECT_EQ(other.wait(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
  EXPECT_TRUE(barrier.broken());
  EXPECT_THROW(barrier.wait(), BrokenBarrier);
  barrier.reset();
  EXPECT_FALSE(barrier.broken());
  std::vector<Child> all = children(2, [&](int) { return passes(barrier) - 1; });
  barrier.wait();
  expect_success(all);
}

TEST_F(BarrierTest, a_party_that_has_been_killed_is_not_replaced_by_another) {
  const Barrier barrier(3);
  std::vector<Child> victims;
  for (unsigned i = 1; i <= 2; ++i) {
    victims.emplace_back([&] { barrier.wait(); });
    wait_until_waiting(barrier, i);
  }
  for (Child& victim : victims) victim.kill();
  EXPECT_THROW(barrier.wait(), BrokenBarrier);
  EXPECT_TRUE(barrier.broken());
}

TEST_F(BarrierTest, who_gives_up_breaks_it_for_all) {
  const Barrier barrier(3);
  Child other([&] { return passes(barrier); });
  wait_until_waiting(barrier, 1);
  EXPECT_THROW(barrier.wait_for(1ms), BrokenBarrier);
  EXPECT_EQ(other.wait(), 0);
  EXPECT_TRUE(barrier.broken());
}

TEST_F(BarrierTest, waiting_for_no_time_passes_only_as_the_last_party) {
  const Barrier barrier(2);
  Child other([&] { return passes(barrier); });
  wait_until_waiting(barrier, 1);
  EXPECT_EQ(barrier.wait_for(-1s), 1U);
  EXPECT_EQ(other.wait(), 1);
  EXPECT_THROW(barrier.wait_for(0s), BrokenBarrier);
}

TEST_F(BarrierTest, abort_breaks_it_until_reset) {
  const Barrier barrier(2);
  Child other([&] { return passes(barrier); });
  wait_until_waiting(barrier, 1);
  barrier.abort();
  EXPECT_EQ(other.wait(), 0);
  EXPECT_THROW(barrier.wait(), BrokenBarrier);
  barrier.reset();
  Child another([&] { return passes(barrier); });
  barrier.wait();
  EXPECT_EQ(another.wait(), 1);
}

TEST_F(BarrierTest, reset_sends_those_away_who_wait) {
  const Barrier barrier(2);
  Child other([&] { return passes(barrier); });
  wait_until_waiting(barrier, 1);
  barrier.reset();
  EXPECT_EQ(other.wait(), 0);
  EXPECT_FALSE(barrier.broken());
}

TEST_F(BarrierTest, has_at_least_one_party) {
  EXPECT_THROW(Barrier(0), UsageError);
  EXPECT_THROW(Barrier(-3), UsageError);
  EXPECT_THROW(Barrier(1LL << 40), UsageError);
}

TEST_F(BarrierTest, default_constructed_it_says_so) {
  const Barrier barrier;
  EXPECT_THROW(barrier.wait(), UsageError);
  EXPECT_THROW(barrier.reset(), UsageError);
  EXPECT_THROW(received(barrier), CodecError);
}

TEST_F(BarrierTest, received_is_the_same) {
  const Barrier barrier(2);
  const Barrier other = received(barrier);
  Child child([&] { return passes(other); });
  barrier.wait();
  EXPECT_EQ(child.wait(), 1);
}

// Lets a child do one instruction after the other until `stop()`, and kills it. False where this
// may not trace.
template <class Stop>
bool kill_between_instructions(pid_t child, Stop stop) {
  int status = 0;
  if (::waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status)) return false;
  while (!stop()) {
    if (::ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr) != 0 ||
        ::waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
      return false;
  }
  return ::kill(child, SIGKILL) == 0;
}

TEST_F(BarrierTest, a_party_killed_while_it_lets_the_others_go_holds_up_nobody) {
  for (const bool aborts : {false, true}) {
    const Barrier barrier(2);
    Child other([&] { return passes(barrier); });
    wait_until_waiting(barrier, 1);
    Child killed([&] {
      if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) return;
      ::raise(SIGSTOP);
      aborts ? barrier.abort() : static_cast<void>(barrier.wait());
    });
    if (!kill_between_instructions(killed.pid(), [&] { return barrier.n_waiting() == 0; })) {
      barrier.abort();
      EXPECT_EQ(other.wait(), 0);
      GTEST_SKIP() << "may not trace";
    }
    killed.wait();
    EXPECT_EQ(other.wait(), 0);
    EXPECT_THROW(barrier.wait(), BrokenBarrier);
  }
}

TEST_F(BarrierTest, kills_at_random_moments_block_nobody) {
  const Barrier barrier(3);
  for (int i = 0; i < times(10, 3); ++i) {
    std::vector<Child> all = children(3, [&](int) {
      while (passes(barrier, 300ms) == 1) {  // it may be killed while it does not wait
      }
      return 0;
    });
    wait_until_waiting(barrier, 2);
    all.front().signal(SIGKILL);
    EXPECT_EQ(all[1].wait(), 0);
    EXPECT_EQ(all[2].wait(), 0);
    all.front().wait();
    barrier.reset();
  }
}

}  // namespace
}  // namespace brood::testing::barrier_test

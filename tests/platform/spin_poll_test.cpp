#include "platform/spin_poll.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

namespace brood::platform::spin_poll_test {
namespace {

// How many of `waits` look, all of them in vain.
int looks_in_vain(SpinBudget& budget, int waits) {
  int looks = 0;
  for (int i = 0; i < waits; ++i) {
    if (!budget.wants_to_look()) continue;
    ++looks;
    budget.note(false);
  }
  return looks;
}

TEST(SpinBudget, with_one_processor_never_looks) {
  SpinBudget budget(1);
  EXPECT_EQ(looks_in_vain(budget, 1000), 0);
}

TEST(SpinBudget, looks_at_each_wait_while_it_pays) {
  SpinBudget budget(2);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(budget.wants_to_look());
    budget.note(true);
  }
}

TEST(SpinBudget, that_is_in_vain_looks_ever_less_often) {
  SpinBudget budget(2);
  EXPECT_EQ(looks_in_vain(budget, 1023), 10);  // waits 1, 3, 7, ..., 1023
  const int rarely = looks_in_vain(budget, 100 * 1024);
  EXPECT_GE(rarely, 90);
  EXPECT_LE(rarely, 110);
}

TEST(SpinBudget, that_has_paid_once_looks_at_each_wait_again) {
  SpinBudget budget(2);
  looks_in_vain(budget, 5000);
  while (!budget.wants_to_look()) {
  }
  budget.note(true);
  EXPECT_TRUE(budget.wants_to_look());
  budget.note(true);
  EXPECT_TRUE(budget.wants_to_look());
}

TEST(SpinPoll, finds_what_is_ready_and_waits_for_what_is_not) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  pollfd watched{ends[0], POLLIN, 0};
  SpinBudget budget(2);
  EXPECT_EQ(look(std::span(&watched, 1), budget), 0);
  EXPECT_EQ(spin_poll(std::span(&watched, 1), 1, budget), 0);
  ASSERT_EQ(::write(ends[1], "x", 1), 1);
  EXPECT_EQ(spin_poll(std::span(&watched, 1), -1, budget), 1);
  EXPECT_EQ(watched.revents, POLLIN);
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace brood::platform::spin_poll_test

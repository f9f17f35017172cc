#include "platform/spin_budget.hpp"

#include <gtest/gtest.h>

namespace brood::platform::spin_budget_test {
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

TEST(SpinBudget, a_look_sees_what_is_there_and_what_comes_in_its_time) {
  SpinBudget budget(2);
  EXPECT_TRUE(look(budget, [] { return true; }));
  int tries = 0;
  EXPECT_TRUE(look(budget, [&tries] { return ++tries == 3; }));
  EXPECT_FALSE(look(budget, [] { return false; }));
  EXPECT_FALSE(budget.wants_to_look());  // that was in vain
}

TEST(SpinBudget, without_one_nothing_is_looked_at) {
  SpinBudget budget(1);
  EXPECT_FALSE(look(budget, [] { return true; }));
}

}  // namespace
}  // namespace brood::platform::spin_budget_test

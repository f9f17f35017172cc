#include "platform/spin_budget.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <thread>

#include "platform/pipe.hpp"

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

// A read that looks before it sleeps.
class SpinRead : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()), 0); }
  void TearDown() override {
    for (const int end : ends_) ::close(end);
  }
  void write_one() const { ASSERT_EQ(::write(ends_[1], "x", 1), 1); }

  std::array<int, 2> ends_{};
  SpinBudget budget_{2};
};

TEST_F(SpinRead, gives_what_is_there_what_comes_later_and_the_end) {
  std::array<std::byte, 8> room{};
  write_one();
  EXPECT_EQ(spin_read(ends_[0], room, budget_).count, 1U);
  {
    const std::jthread late([this] { write_one(); });
    EXPECT_EQ(spin_read(ends_[0], room, budget_).count, 1U);
  }
  ::shutdown(ends_[1], SHUT_WR);
  EXPECT_EQ(spin_read(ends_[0], room, budget_).state, Transfer::State::closed);
}

TEST_F(SpinRead, of_a_number_that_is_closed_fails) {
  std::array<std::byte, 8> room{};
  const Transfer transfer = spin_read(-1, room, budget_);
  EXPECT_EQ(transfer.state, Transfer::State::failed);
  EXPECT_EQ(transfer.error, EBADF);
}

}  // namespace
}  // namespace brood::platform::spin_budget_test

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "pool/pool_fixture.hpp"
#include "support/program.hpp"

// SIGINT to the whole process group, as Ctrl-C sends it.
namespace brood::testing::interrupt_test {
namespace {

class Interrupt : public PoolTest {
 protected:
  void SetUp() override {
    PoolTest::SetUp();
    expect_orphans();
    gate_.emplace(scratch_.path("gate"));
  }
  void TearDown() override {
    gate_.reset();
    PoolTest::TearDown();
  }
  /// Runs the victim until its tasks wait at the gate.
  Program interruptible(const std::string& how) {
    return Program({victim("interrupted"), method(), how, scratch_.path("")});
  }
  static std::vector<Watched> all_below(Program& owner) {
    std::vector<Watched> below = watched_by_lines(owner);
    EXPECT_GE(below.size(), 2U);
    return below;
  }
  static void interrupt_group(const Program& leader) { ::kill(-leader.pid(), SIGINT); }
  /// Running tasks end, waiting ones do not begin; `output` is all behind the line on stderr.
  void expect_drained(const std::string& how, const std::string& output) {
    Program owner = interruptible(how);
    const std::vector<Watched> below = all_below(owner);
    interrupt_group(owner);
    EXPECT_TRUE(contains(owner.line(), "interrupted"));
    gate_->open();
    EXPECT_EQ(owner.rest(), output);
    EXPECT_EQ(owner.wait(), 0);
    EXPECT_EQ(left_after(below, patience), std::vector<int>{});
  }

  Scratch scratch_;
  std::optional<Gate> gate_;
};
BROOD_FOR_EVERY_METHOD(Interrupt);

TEST_P(Interrupt, of_the_group_ends_an_owner_with_the_default_action_and_all_below_it_silently) {
  Program owner = interruptible("default");
  const std::vector<Watched> below = all_below(owner);
  interrupt_group(owner);
  EXPECT_EQ(left_after(below, patience), std::vector<int>{});
  EXPECT_EQ(owner.wait(), -SIGINT);
  EXPECT_EQ(owner.rest(), "");
}

TEST_P(Interrupt, of_the_group_lets_running_tasks_finish_where_the_owner_handles_it) {
  Program owner = interruptible("handled");
  const std::vector<Watched> below = all_below(owner);
  interrupt_group(owner);
  EXPECT_EQ(owner.line(), "interrupted");
  gate_->open();
  EXPECT_EQ(owner.rest(), "7 of the tasks' results\n");
  EXPECT_EQ(owner.wait(), 0);
  EXPECT_EQ(left_after(below, patience), std::vector<int>{});
}

TEST_P(Interrupt, a_second_one_ends_an_owner_that_handled_the_first) {
  Program owner = interruptible("handled");
  const std::vector<Watched> below = all_below(owner);
  interrupt_group(owner);
  EXPECT_EQ(owner.line(), "interrupted");
  interrupt_group(owner);
  EXPECT_EQ(left_after(below, patience), std::vector<int>{});
  EXPECT_EQ(owner.wait(), -SIGINT);
  EXPECT_EQ(owner.rest(), "");
}

TEST_P(Interrupt, drains_a_pool_that_is_to_be_drained_and_says_so_in_one_line) {
  expect_drained("drained", "2 values, 2 cancelled\nclosed\n");
}

TEST_P(Interrupt, drains_every_pool_that_is_to_be_drained_and_says_so_once) {
  expect_drained("drained_two", "2 cancelled\n");
}

TEST_P(Interrupt, keeps_the_handler_that_a_program_installs_while_a_pool_waits_for_it) {
  Program owner = interruptible("handled_meanwhile");
  all_below(owner);
  EXPECT_EQ(owner.rest(), "handled\n");
  EXPECT_EQ(owner.wait(), 0);
}

TEST_P(Interrupt, ends_an_owner_whose_pool_is_being_drained) {
  Program owner = interruptible("drained");
  const std::vector<Watched> below = all_below(owner);
  interrupt_group(owner);
  EXPECT_TRUE(contains(owner.line(), "interrupted"));
  interrupt_group(owner);
  EXPECT_EQ(owner.wait(), -SIGINT);
  EXPECT_EQ(left_after(below, patience), std::vector<int>{});
  EXPECT_EQ(owner.rest(), "");
}

TEST_P(Interrupt, means_nothing_to_a_worker) {
  Pool pool = make_pool(1);
  const int pid = pool.apply(pid_here);
  EXPECT_EQ(pool.apply([] { return ::raise(SIGINT); }), 0);
  EXPECT_EQ(pool.apply(pid_here), pid);
}

TEST_P(Interrupt, ends_a_worker_whose_initializer_says_so) {
  PoolOptions made = options(1);
  made.initializer = [] { std::signal(SIGINT, SIG_DFL); };
  Pool pool(made);
  const auto lost = caught<WorkerLost>([&] { pool.apply([] { return ::raise(SIGINT); }); });
  EXPECT_EQ(lost.signal(), SIGINT);
  EXPECT_EQ(pool.apply(square, 5), 25);
}

}  // namespace
}  // namespace brood::testing::interrupt_test

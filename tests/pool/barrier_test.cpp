#include <atomic>
#include <cerrno>
#include <numeric>
#include <vector>

#include "platform/system_calls.hpp"
#include "pool/pool_fixture.hpp"
#include "support/log_catcher.hpp"

// Elements are taken back from workers by a memory barrier in them: membarrier(2). Where the system
// refuses it.
namespace brood::testing::barrier_test {
namespace {

std::atomic<bool> refuses{false};

class RefusedBarrier : public PoolTest {
 protected:
  void SetUp() override {
    PoolTest::SetUp();
    system_ = platform::system_calls().membarrier;
    platform::system_calls().membarrier = [](int command) {
      if (!refuses.load()) return system_(command);
      errno = EPERM;
      return -1;
    };
  }
  void TearDown() override {
    refuses = false;
    platform::system_calls().membarrier = system_;
    PoolTest::TearDown();
  }
  static inline int (*system_)(int) = nullptr;
};
BROOD_FOR_EVERY_METHOD(RefusedBarrier);

int waits_at_zero(const std::string& mail, const std::string& gate, int x) {
  if (x == 0) {
    Mailbox::send(mail, "here");
    Gate::pass(gate);
  }
  return x + 1;
}

TEST_P(RefusedBarrier, from_the_start_takes_nothing_from_what_can_be_taken_back) {
  refuses = true;
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  Mailbox mailbox(scratch.path("mail"));
  Pool pool = make_pool(1);
  std::vector<int> inputs(100);
  std::iota(inputs.begin(), inputs.end(), 0);
  auto all = pool.with({.chunk = 100})
                 .map_async(brood::task(waits_at_zero, mailbox.path(), gate.path()), inputs);
  EXPECT_EQ(mailbox.receive(), "here");
  auto urgent = pool.with({.priority = 1}).apply_async(square, 3);
  gate.open();
  EXPECT_EQ(urgent.get(), 9);
  const std::vector<int> results = all.get();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(results[static_cast<std::size_t>(i)], i + 1);
}

// The owner cannot tell what the worker has begun.
TEST_P(RefusedBarrier, later_costs_the_worker_from_which_something_is_taken_back) {
  const LogCatcher log;
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  Mailbox mailbox(scratch.path("mail"));
  Pool pool = make_pool(1);
  auto all = pool.with({.chunk = 3})
                 .map_async(brood::task(waits_at_zero, mailbox.path(), gate.path()),
                            std::vector<int>{0, 1, 2});
  EXPECT_EQ(mailbox.receive(), "here");
  refuses = true;
  all.cancel();
  refuses = false;
  EXPECT_EQ(pool.apply(square, 7), 49);
  gate.open();
  EXPECT_THROW(all.get(), Error);
}

}  // namespace
}  // namespace brood::testing::barrier_test

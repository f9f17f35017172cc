#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <set>

#include "pool/pool_fixture.hpp"

// A process that the program forks itself, beside a pool, has copies of all that the pool has open,
// and may live long: nothing waits for its end.
namespace brood::testing::foreign_copy_test {
namespace {

/// Lives until the test ends.
class ForeignCopy {
 public:
  ForeignCopy() : pid_(::fork()) {
    if (pid_ != 0) return;
    for (;;) ::pause();
  }
  ForeignCopy(const ForeignCopy&) = delete;
  ForeignCopy& operator=(const ForeignCopy&) = delete;
  ~ForeignCopy() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_;
};

class BesideACopy : public PoolTest {};
BROOD_FOR_EVERY_METHOD(BesideACopy);

TEST_P(BesideACopy, of_the_program_a_closed_pool_ends) {
  Pool pool = make_pool(2);
  pool.map(square, std::vector{1, 2, 3});
  const ForeignCopy copy;
  pool.close();
  EXPECT_TRUE(pool.join_for(patience));
}

TEST_P(BesideACopy, of_the_program_workers_that_have_done_their_share_are_replaced) {
  PoolOptions made = options(1);
  made.max_tasks_per_worker = 1;
  Pool pool(std::move(made));
  std::set<int> pids{pool.apply(pid_here)};
  const ForeignCopy copy;
  for (int i = 0; i < 5; ++i) pids.insert(pool.with({.timeout = patience}).apply(pid_here));
  EXPECT_EQ(pids.size(), 6U);
  pool.close();
  EXPECT_TRUE(pool.join_for(patience));
}

}  // namespace
}  // namespace brood::testing::foreign_copy_test

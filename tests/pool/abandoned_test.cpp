#include <unistd.h>

#include <csignal>
#include <functional>
#include <string>
#include <vector>

#include "pool/pool_fixture.hpp"

// Workers whose owner lives, and has closed all that it had of them.
namespace brood::testing::abandoned_test {
namespace {

class Abandoned : public PoolTest {
 protected:
  /// Runs a pool in a process of its own, which closes its descriptors once `occupy` has been done,
  /// and then stays. Expects the workers to end.
  void end(const PoolOptions& made, const std::function<void(Pool&, Mailbox&)>& occupy) {
    expect_orphans();
    const Scratch scratch;
    Mailbox mailbox(scratch.path("mail")), tasks(scratch.path("tasks"));
    Gate gate(scratch.path("gate"));
    const pid_t owner = ::fork();
    if (owner == 0) {
      ::alarm(60);
      Pool pool(made);
      occupy(pool, tasks);
      for (const WorkerInfo& worker : pool.workers())
        Mailbox::send(mailbox.path(), std::to_string(worker.pid));
      Gate::pass(gate.path());
      ::close_range(3, ~0U, 0);
      for (;;) ::pause();
    }
    std::vector<Watched> workers;
    for (int i = 0; i < made.workers; ++i) workers.emplace_back(std::stoi(mailbox.receive()));
    EXPECT_EQ(left_after(workers, 0s).size(), workers.size());
    gate.open();
    EXPECT_EQ(left_after(workers, patience), std::vector<int>{});
    ::kill(owner, SIGKILL);
    EXPECT_EQ(end_of(owner), -SIGKILL);
  }
};
BROOD_FOR_EVERY_METHOD(Abandoned);

TEST_P(Abandoned, end_where_they_wait_for_tasks) {
  end(options(3), [](Pool& pool, Mailbox&) { pool.map(square, std::vector{1, 2, 3}); });
}

TEST_P(Abandoned, end_where_they_have_had_none) {
  end(options(2), [](Pool&, Mailbox&) {});
}

int computes_for_ever(const std::string& mailbox) {
  Mailbox::send(mailbox, "here");
  for (;;) square(2);
}

TEST_P(Abandoned, end_in_the_midst_of_a_task) {
  end(options(1), [](Pool& pool, Mailbox& tasks) {
    static_cast<void>(pool.apply_async(computes_for_ever, tasks.path()));
    tasks.receive();
  });
}

TEST_P(Abandoned, end_in_a_sandbox_too) {
  if (under_sanitizer) GTEST_SKIP() << "the sanitizer's runtime makes calls of its own";
  PoolOptions made = options(2);
  made.sandbox = Sandbox::compute;
  end(made, [](Pool& pool, Mailbox&) { pool.map(square, std::vector{1, 2, 3}); });
}

}  // namespace
}  // namespace brood::testing::abandoned_test

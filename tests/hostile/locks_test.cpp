#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "hostile/taken_over.hpp"
#include "pool/pool_fixture.hpp"
#include "support/held_pipe.hpp"
#include "support/worker_channel.hpp"

// Locks of the kernel's that a worker can keep for as long as it lives.
namespace brood::testing::locks_test {
namespace {

constexpr unsigned longest_seconds = 60;  // else nothing would end a test that fails

class Lock : public PoolTest {
 public:
  ~Lock() override {
    EXPECT_LT(std::chrono::steady_clock::now() - since_, std::chrono::seconds(longest_seconds / 2));
  }

 private:
  const std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};
BROOD_FOR_EVERY_METHOD(Lock);

int answer() { return 42; }

[[noreturn]] void keeps_the_lock_of(int number) {
  ::alarm(longest_seconds);
  const LockKeepers keepers(number, 8);
  keepers.write_one();
  hang();
}

TEST_P(Lock, of_what_wakes_it_does_not_keep_the_owner) {
  Pool pool = make_pool(2);
  auto first = pool.with({.timeout = 300ms}).apply_async(keeps_the_lock_of, wake_up_socket);
  EXPECT_EQ(pool.with({.timeout = 5s}).apply(answer), 42);
  EXPECT_THROW(first.get(), TaskTimeout);
  EXPECT_THROW(pool.with({.timeout = 300ms}).apply(keeps_the_lock_of, wake_up_socket), TaskTimeout);
  EXPECT_EQ(pool.with({.timeout = 5s}).apply(answer), 42);
}

class Refusal : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Refusal);

/// The next task that comes is refused halfway: its owner is lied to, or the worker is told that it
/// has no owner.
int refuses_what_comes_next(int x) {
  protocol::WorkerPage* const page = own_page();
  const std::uint64_t seen = page->task_head;
  std::thread([page, seen, lies = x % 2 == 0] {
    while (page->task_head < seen + 1000) {
    }
    if (lies)
      page->task_tail += std::uint64_t{1} << 40;
    else
      ::shutdown(wake_up_socket, SHUT_RDWR);
  }).detach();
  return x;
}

TEST_P(Refusal, of_a_task_ends_the_worker_alone) {
  Pool pool = make_pool(1);
  const PoolCalls again = pool.with({.crash_retries = 2});  // where the refusal comes late
  const std::string large(std::size_t{16} << 20, 'x');
  const auto size = [](const std::string& text) { return text.size(); };
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(again.apply(refuses_what_comes_next, i), i);
    try {
      EXPECT_EQ(pool.apply(size, large), large.size());  // by its caller, which drives the worker
    } catch (const WorkerLost&) {
    }
  }
  EXPECT_EQ(again.apply(answer), 42);
}

}  // namespace
}  // namespace brood::testing::locks_test

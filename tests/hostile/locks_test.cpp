#include <fcntl.h>
#include <sys/ioctl.h>
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

[[noreturn]] void keeps_the_lock_of_its_results() {
  ::alarm(longest_seconds);
  const LockKeepers keepers(result_pipe, 8);
  keepers.write_one();
  hang();
}

TEST_P(Lock, of_the_pipe_of_results_does_not_keep_the_owner) {
  Pool pool = make_pool(2);
  auto first = pool.with({.timeout = 300ms}).apply_async(keeps_the_lock_of_its_results);
  EXPECT_EQ(pool.with({.timeout = 5s}).apply(answer), 42);
  EXPECT_THROW(first.get(), TaskTimeout);
  EXPECT_THROW(pool.with({.timeout = 300ms}).apply(keeps_the_lock_of_its_results), TaskTimeout);
  EXPECT_EQ(pool.with({.timeout = 5s}).apply(answer), 42);
}

[[noreturn]] void keeps_the_lock_of_its_tasks() {
  ::alarm(longest_seconds);
  const std::string path = "/proc/self/fd/" + std::to_string(task_pipe);
  const LockKeepers keepers(::open(path.c_str(), O_WRONLY | O_CLOEXEC), 8);
  keepers.write_one();
  hang();
}

TEST_P(Lock, of_the_pipe_of_tasks_does_not_keep_the_owner) {
  Pool pool = make_pool(2);
  auto first = pool.with({.timeout = 300ms}).apply_async(keeps_the_lock_of_its_tasks);
  const std::vector<std::string> texts(20, std::string(1 << 20, 'x'));
  const auto sizes =
      pool.with({.timeout = 5s}).map([](const std::string& text) { return text.size(); }, texts);
  EXPECT_EQ(sizes, std::vector<std::size_t>(20, 1 << 20));
  EXPECT_THROW(first.get(), TaskTimeout);
}

class Refusal : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Refusal);

/// The next task that comes is refused halfway, as by a reader that is gone.
int refuses_what_comes_next(int x) {
  std::thread([] {
    int waiting = 0;
    while (::ioctl(task_pipe, FIONREAD, &waiting) == 0 && waiting < 1000) {
    }
    ::shutdown(task_pipe, SHUT_RDWR);
  }).detach();
  return x;
}

TEST_P(Refusal, of_a_task_raises_no_signal_and_ends_the_worker_alone) {
  Pool pool = make_pool(1);
  const std::string large(std::size_t{16} << 20, 'x');
  const auto size = [](const std::string& text) { return text.size(); };
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(pool.apply(refuses_what_comes_next, i), i);
    try {
      EXPECT_EQ(pool.apply(size, large), large.size());  // by its caller, which drives the worker
    } catch (const WorkerLost&) {
    }
  }
  EXPECT_EQ(pool.apply(answer), 42);
}

}  // namespace
}  // namespace brood::testing::locks_test

#include <fcntl.h>
#include <sys/resource.h>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>

#include <brood/errors.hpp>
#include <brood/task.hpp>
#include "platform/system_calls.hpp"
#include "start/exec.hpp"
#include "start/start_fixture.hpp"
#include "support/read_all.hpp"

namespace brood::start::forkserver_test {
namespace {

using brood::testing::descriptors_of;
using brood::testing::in_child;

/// Also takes its hooks back.
class ForkserverTest : public StartTest {
 protected:
  void TearDown() override {
    set_forkserver_preload({});
    StartTest::TearDown();
  }
};

pid_t server_of(const TestWorker& worker) { return parent_of(worker.process.pid); }

void kill_and_wait(pid_t pid) {
  const platform::Descriptor pidfd = platform::open_pidfd(pid);
  platform::send_signal(pidfd, SIGKILL);
  ASSERT_TRUE(platform::wait_for_exit(pidfd, patience_ms));
}

TEST_F(ForkserverTest, all_pools_of_a_process_share_one_server) {
  const auto one = open_method("forkserver");
  const auto other = open_method("forkserver");
  TestWorker a = start_worker(*one), b = start_worker(*other);
  EXPECT_EQ(server_of(a), server_of(b));
  EXPECT_EQ(parent_of(server_of(a)), ::getpid());
  finish(*one, a);
  finish(*other, b);
}

TEST_F(ForkserverTest, the_server_outlives_a_pool) {
  pid_t first = 0;
  for (int i = 0; i < 2; ++i) {
    const auto method = open_method("forkserver");
    TestWorker worker = start_worker(*method);
    if (i == 0) first = server_of(worker);
    EXPECT_EQ(server_of(worker), first);
    finish(*method, worker);
  }
}

TEST_F(ForkserverTest, the_server_holds_what_it_was_given_and_nothing_else) {
  const int stray = ::open("/dev/null", O_RDONLY);
  const auto method = open_method("forkserver");
  TestWorker worker = start_worker(*method);
  ASSERT_TRUE(worker.greet());
  // Standard streams, control socket, owner, both ends of the server socket, one connection, one
  // worker's pidfd; for a moment more, the start gate that the worker has passed.
  const auto held = [&] { return descriptors_of(std::to_string(server_of(worker))).size(); };
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
  while (held() != 9 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_EQ(held(), 9U);
  EXPECT_EQ(status_field(server_of(worker), "Name"), "brood-forkserve");
  finish(*method, worker);
  ::close(stray);
}

TEST_F(ForkserverTest, a_killed_server_loses_statuses_but_not_workers_and_is_replaced) {
  const auto method = open_method("forkserver");
  std::vector<TestWorker> workers;
  for (int i = 0; i < 4; ++i) workers.push_back(start_worker(*method));
  for (const TestWorker& worker : workers) ASSERT_TRUE(worker.greet());
  const pid_t server = server_of(workers[0]);
  kill_and_wait(server);
  for (const TestWorker& worker : workers) EXPECT_FALSE(worker.ended(0));
  TestWorker next = start_worker(*method);
  EXPECT_NE(server_of(next), server);
  EXPECT_TRUE(next.greet());
  EXPECT_EQ(finish(*method, next).value, 0);
  for (TestWorker& worker : workers)
    EXPECT_EQ(finish(*method, worker).kind, ExitStatus::Kind::lost);
}

TEST_F(ForkserverTest, a_new_pool_notices_that_the_server_is_dead) {
  const auto method = open_method("forkserver");
  TestWorker worker = start_worker(*method);
  kill_and_wait(server_of(worker));
  const auto other = open_method("forkserver");
  TestWorker next = start_worker(*other);
  EXPECT_TRUE(next.greet());
  finish(*other, next);
  finish(*method, worker);
}

TEST_F(ForkserverTest, signals_for_the_whole_group_do_not_end_the_server) {
  const auto method = open_method("forkserver");
  TestWorker worker = start_worker(*method);
  ASSERT_TRUE(worker.greet());
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::kill(server_of(worker), signal);
  TestWorker next = start_worker(*method);
  EXPECT_EQ(server_of(next), server_of(worker));
  finish(*method, next);
  finish(*method, worker);
}

TEST_F(ForkserverTest, a_closed_pool_takes_its_workers_along) {
  const auto other = open_method("forkserver");
  auto method = open_method("forkserver");
  const TestWorker worker = start_worker(*method);
  TestWorker stranger = start_worker(*other);
  ASSERT_TRUE(worker.greet());
  method.reset();
  EXPECT_TRUE(worker.ended());
  EXPECT_TRUE(stranger.greet());
  finish(*other, stranger);
}

TEST_F(ForkserverTest, the_last_user_of_a_dropped_server_takes_it_along) {
  auto method = open_method("forkserver");
  TestWorker worker = start_worker(*method);
  const platform::Descriptor server = platform::open_pidfd(server_of(worker));
  drop_forkserver();
  TestWorker next = start_worker(*method);
  finish(*method, worker);
  finish(*method, next);
  EXPECT_FALSE(platform::wait_for_exit(server, 0));
  method.reset();
  EXPECT_TRUE(platform::wait_for_exit(server, 0));
}

void hook_that_throws() { throw std::runtime_error("the model is not there"); }
void hook_that_dies() { ::raise(SIGKILL); }
void hook_that_waits() {
  for (;;) ::pause();
}
void hook_that_exhausts_processes() {
  platform::system_calls().fork = []() -> pid_t { return errno = EAGAIN, -1; };
}
void hook_that_changes_the_mask() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

TEST_F(ForkserverTest, a_failing_hook_fails_the_pool_with_its_text) {
  set_forkserver_preload({hook_that_throws});
  try {
    open_method("forkserver");
    FAIL() << "nothing was thrown";
  } catch (const StartError& error) {
    EXPECT_EQ(error.method(), "forkserver");
    EXPECT_EQ(error.stage(), "preload");
    EXPECT_NE(std::string(error.what()).find("the model is not there"), std::string::npos)
        << error.what();
  }
}

TEST_F(ForkserverTest, a_hook_that_crashes_fails_the_pool_with_its_signal) {
  set_forkserver_preload({hook_that_dies});
  try {
    open_method("forkserver");
    FAIL() << "nothing was thrown";
  } catch (const StartError& error) {
    EXPECT_EQ(error.stage(), "preload");
    EXPECT_NE(std::string(error.what()).find("signal 9"), std::string::npos) << error.what();
  }
}

TEST_F(ForkserverTest, new_hooks_get_a_new_server_and_the_old_one_serves_its_pools) {
  const auto method = open_method("forkserver");
  TestWorker before = start_worker(*method);
  set_forkserver_preload({hook_that_changes_the_mask});
  const auto other = open_method("forkserver");
  TestWorker after = start_worker(*other), same = start_worker(*method);
  EXPECT_NE(server_of(after), server_of(before));
  EXPECT_EQ(server_of(same), server_of(before));
  EXPECT_TRUE(after.greet());
  EXPECT_EQ(finish(*other, after).value, 0);
  finish(*method, before);
  finish(*method, same);
}

TEST_F(ForkserverTest, a_server_that_cannot_fork_says_why) {
  set_forkserver_preload({hook_that_exhausts_processes});
  const auto method = open_method("forkserver");
  try {
    start_worker(*method);
    FAIL() << "nothing was thrown";
  } catch (const SystemError& error) {
    EXPECT_EQ(error.code().value(), EAGAIN);
    EXPECT_EQ(error.call(), "fork");
  }
}

TEST_F(ForkserverTest, an_owner_that_dies_while_hooks_run_takes_the_server_along) {
  set_forkserver_preload({hook_that_waits});
  const pid_t owner = platform::fork_process();
  if (owner == 0) {
    open_method("forkserver");
    ::_exit(0);
  }
  // The server is in its hook once it has a name of its own and waits in pause().
  std::vector<pid_t> tree;
  const auto in_hook = [](pid_t pid) {
    std::string line;
    std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/syscall"), line);
    return line.starts_with("34 ") ||
           line.starts_with("73 ");  // pause, or ppoll where there is no pause
  };
  for (int i = 0; i < patience_ms && (tree.empty() || !in_hook(tree[0])); ++i) {
    ::poll(nullptr, 0, 1);
    tree = descendants_of(owner);
  }
  ASSERT_EQ(tree.size(), 1U);
  const platform::Descriptor server = platform::open_pidfd(tree[0]);
  discard_child(owner);
  EXPECT_TRUE(platform::wait_for_exit(server, 2000));
}

/// No descriptor from `next` on can be opened. Over before an exception is looked at: a sanitizer
/// does that through a pipe.
class FullTable {
 public:
  explicit FullTable(int next) { limit(static_cast<rlim_t>(next)); }
  ~FullTable() { limit(4096); }
  FullTable(const FullTable&) = delete;
  FullTable& operator=(const FullTable&) = delete;

 private:
  static void limit(rlim_t soft) {
    const rlimit both{soft, 4096};
    ::setrlimit(RLIMIT_NOFILE, &both);
  }
};

TEST_F(ForkserverTest, a_full_descriptor_table_of_the_owner_loses_the_start_and_nothing_else) {
  if (testing::under_address_sanitizer)
    GTEST_SKIP() << "UBSan looks at an error by way of a descriptor";
  EXPECT_EQ(in_child([] {
              const auto method = open_method("forkserver");
              TestWorker healthy = start_worker(*method);
              if (!healthy.greet()) return 1;
              Handed handed;
              const int next = handed.owner.duplicate().get();
              try {
                const FullTable full(next);
                method->start("Worker", handed.numbers());
                return 2;
              } catch (const SystemError& error) {
                if (error.code().value() != EMFILE) return 3;
              }
              // The abandoned worker is gone: no process holds its end of the wake-ups.
              handed.wake_ups.write.reset();
              char byte;
              if (testing::read_all(handed.wake_ups.read.get(), &byte, 1)) return 4;
              TestWorker again = start_worker(*method);
              if (!again.greet() || finish(*method, again).value != 0) return 5;
              if (finish(*method, healthy).value != 0) return 6;
              drop_forkserver();
              return 0;
            }),
            0);
}

}  // namespace
}  // namespace brood::start::forkserver_test

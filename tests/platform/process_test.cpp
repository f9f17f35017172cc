#include "platform/process.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string>
#include <thread>

#include "platform/pipe.hpp"
#include "platform/system_calls.hpp"
#include "support/few_descriptors.hpp"
#include "support/in_child.hpp"
#include "support/leak_check.hpp"
#include "support/read_all.hpp"

namespace brood::platform::process_test {
namespace {

using ProcessTest = testing::LeakCheck;

TEST_F(ProcessTest, an_exit_code_is_reaped_once) {
  const pid_t pid = fork_process();
  if (pid == 0) ::_exit(7);
  ASSERT_TRUE(wait_for_exit(open_pidfd(pid), 5000));
  const std::optional<Ended> ended = reap(pid);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->status.kind, ExitStatus::Kind::exited);
  EXPECT_EQ(ended->status.value, 7);
  EXPECT_EQ(reap(pid)->status.kind, ExitStatus::Kind::lost);
}

TEST_F(ProcessTest, what_a_process_has_used_is_reaped_with_it) {
  constexpr std::size_t bytes = std::size_t{64} << 20;
  const pid_t pid = fork_process();
  if (pid == 0) {
    const std::string memory(bytes, 'x');
    while (std::clock() < CLOCKS_PER_SEC / 20) {
    }
    ::_exit(memory.back() == 'x' ? 0 : 1);
  }
  ASSERT_TRUE(wait_for_exit(open_pidfd(pid), 5000));
  const std::optional<Ended> ended = reap(pid);
  ASSERT_TRUE(ended);
  EXPECT_GE(ended->user_time + ended->system_time, std::chrono::milliseconds(40));
  EXPECT_GT(ended->peak_resident, bytes);
}

TEST_F(ProcessTest, a_signal_is_sent_through_the_pidfd_and_reported) {
  const pid_t pid = fork_process();
  if (pid == 0) {
    for (;;) ::pause();
  }
  const Descriptor pidfd = open_pidfd(pid);
  EXPECT_FALSE(wait_for_exit(pidfd, 0));
  EXPECT_FALSE(reap(pid));
  EXPECT_TRUE(send_signal(pidfd, SIGTERM));
  ASSERT_TRUE(wait_for_exit(pidfd, 5000));
  const std::optional<Ended> ended = reap(pid);
  EXPECT_EQ(ended->status.kind, ExitStatus::Kind::signaled);
  EXPECT_EQ(ended->status.value, SIGTERM);
  EXPECT_FALSE(send_signal(pidfd, SIGTERM));
}

TEST_F(ProcessTest, a_forked_process_has_default_signals_and_an_empty_mask) {
  sigset_t set, before;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, &before);
  const auto previous = ::signal(SIGUSR1, [](int) {});
  const pid_t pid = fork_process();
  if (pid == 0) {
    struct sigaction action {};
    ::sigaction(SIGUSR1, nullptr, &action);
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    ::_exit(action.sa_handler == SIG_DFL && sigismember(&mask, SIGTERM) == 0 &&
                    sigismember(&mask, SIGUSR1) == 0
                ? 0
                : 1);
  }
  ASSERT_TRUE(wait_for_exit(open_pidfd(pid), 5000));
  EXPECT_EQ(reap(pid)->status.value, 0);
  sigset_t now;
  pthread_sigmask(SIG_SETMASK, &before, &now);
  EXPECT_EQ(sigismember(&now, SIGTERM), 1);
  EXPECT_EQ(sigismember(&now, SIGUSR1), 0) << "the parent's mask was not given back";
  ::signal(SIGUSR1, previous);
}

int closes_all_but_two() {
  const Pipe a = make_pipe();
  const Pipe b = make_pipe();
  const Descriptor high = a.read.duplicate(900);
  const int kept[] = {a.write.get(), high.get()};
  close_all_but(kept, 2);
  const std::set<int> expected{0, 1, 2, kept[0], kept[1]};
  return testing::descriptors_of("self") == expected ? 0 : 1;
}

TEST_F(ProcessTest, everything_but_the_kept_descriptors_is_closed) {
  EXPECT_EQ(testing::in_child(closes_all_but_two), 0);
}

TEST_F(ProcessTest, everything_is_closed_also_without_close_range) {
  EXPECT_EQ(testing::in_child([] {
              system_calls().close_range = [](unsigned, unsigned, int) {
                return errno = ENOSYS, -1;
              };
              return closes_all_but_two();
            }),
            0);
}

TEST_F(ProcessTest, standard_streams_are_prepared_also_when_they_are_closed) {
  EXPECT_EQ(
      testing::in_child([] {
        ::close(0);
        ::close(2);
        prepare_stdio();
        struct stat null {
        }, in{}, error{};
        if (::stat("/dev/null", &null) != 0 || ::fstat(0, &in) != 0 || ::fstat(2, &error) != 0)
          return 1;
        if (in.st_rdev != null.st_rdev || error.st_rdev != null.st_rdev) return 2;
        return (::fcntl(0, F_GETFD) & FD_CLOEXEC) == 0 ? 0 : 3;
      }),
      0);
}

TEST_F(ProcessTest, a_fork_changes_the_generation) {
  const unsigned before = fork_generation();
  EXPECT_EQ(testing::in_child([before] { return fork_generation() != before ? 0 : 1; }), 0);
  EXPECT_EQ(fork_generation(), before);
}

TEST_F(ProcessTest, own_threads_are_counted_and_not_in_a_forked_child) {
  ASSERT_EQ(own_threads(), 0);
  {
    const OwnThread counted;
    EXPECT_EQ(own_threads(), 1);
    EXPECT_EQ(testing::in_child([] { return own_threads(); }), 0);
  }
  EXPECT_EQ(own_threads(), 0);
}

TEST_F(ProcessTest, a_fork_waits_for_own_threads_that_are_starting) {
  const Pipe go = make_pipe();
  OwnThread own;
  std::atomic<bool> has_begun{false};
  std::thread starting([&] {
    char byte;
    testing::read_all(go.read.get(), &byte, 1);
    has_begun = true;
    own.begun();
    testing::read_all(go.read.get(), &byte, 1);
  });
  write_all(go.write.get(), std::as_bytes(std::span("x", 1)));
  const pid_t pid = fork_process();
  if (pid == 0) ::_exit(has_begun ? 0 : 1);
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  write_all(go.write.get(), std::as_bytes(std::span("x", 1)));
  starting.join();
}

TEST_F(ProcessTest, a_fork_waits_for_no_thread_that_could_not_be_started) {
  { const OwnThread failed; }
  const pid_t pid = fork_process();
  if (pid == 0) ::_exit(0);
  EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
}

TEST_F(ProcessTest, threads_are_counted) {
  if (testing::under_thread_sanitizer) GTEST_SKIP() << "ThreadSanitizer has a thread of its own";
  const int before = count_threads();
  const Pipe pipe = make_pipe();
  std::thread waiter([&] {
    char byte;
    testing::read_all(pipe.read.get(), &byte, 1);
  });
  EXPECT_EQ(count_threads(), before + 1);
  write_all(pipe.write.get(), std::as_bytes(std::span("x", 1)));
  waiter.join();
}

TEST_F(ProcessTest, a_thread_name_is_cut_to_fifteen_characters) {
  EXPECT_EQ(testing::in_child([] {
              set_thread_name("ForkServerPoolWorker-1");
              std::string name;
              std::getline(std::ifstream("/proc/self/comm"), name);
              return name == "ForkServerPoolW" ? 0 : 1;
            }),
            0);
}

TEST_F(ProcessTest, opening_a_pidfd_of_nobody_throws) {
  EXPECT_THROW(open_pidfd(1 << 22), SystemError);
}

TEST_F(ProcessTest, own_descriptors_are_let_go_where_no_number_is_free) {
  EXPECT_EQ(testing::in_child([] {
              const Pipe pipe = make_pipe();
              const Descriptor kept = pipe.write.duplicate();
              const int keep = kept.get();
              const testing::FewDescriptors none(0);
              replace_own_descriptors(&keep, 1);
              struct stat status {};
              for (const int gone : {pipe.read.get(), pipe.write.get()}) {
                if (::fstat(gone, &status) != 0) return 1;  // the number stays taken
                if (S_ISFIFO(status.st_mode)) return 2;
              }
              return ::fstat(keep, &status) == 0 && S_ISFIFO(status.st_mode) ? 0 : 3;
            }),
            0);
}

}  // namespace
}  // namespace brood::platform::process_test

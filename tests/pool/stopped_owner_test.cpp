#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>

#include "pool/pool_fixture.hpp"

// A program that is stopped with all of its processes, as Ctrl-Z does, and goes on.
namespace brood::testing::stopped_owner_test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto limit = 1s, stop = 2s;

class StoppedOwner : public PoolTest {
 protected:
  void SetUp() override {
    PoolTest::SetUp();
    expect_orphans();
  }
  /// Runs `body` in a process group of its own, which is stopped when the mailbox has something,
  /// and goes on later. What it returns.
  template <class Body>
  int stopped_meanwhile(Mailbox& mailbox, Body body) {
    const pid_t program = ::fork();
    if (program == 0) {
      ::setpgid(0, 0);
      ::alarm(60);
      try {
        ::_exit(body());
      } catch (const std::exception& error) {
        std::fprintf(stderr, "in the program: %s\n", error.what());
        ::_exit(101);
      }
    }
    ::setpgid(program, program);
    mailbox.receive();
    int status = 0;
    ::kill(-program, SIGSTOP);
    ::waitpid(program, &status, WUNTRACED);
    ::poll(nullptr, 0, std::chrono::milliseconds(stop).count());  // what is to pass is time
    ::kill(-program, SIGCONT);
    ::waitpid(program, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
};
BROOD_FOR_EVERY_METHOD(StoppedOwner);

/// Computes until its process has been stopped, and a tenth of the limit beyond that.
int computes_over_a_stop(const std::string& mailbox) {
  Clock::time_point last = Clock::now();  // the stop may come as soon as it is told
  Mailbox::send(mailbox, "here");
  Clock::time_point now = Clock::now();
  for (; now - last < stop / 2; now = Clock::now()) last = now;
  while (Clock::now() - now < limit / 10) {
  }
  return 3;
}

TEST_P(StoppedOwner, does_not_count_the_time_against_a_limit) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  EXPECT_EQ(stopped_meanwhile(
                mailbox,
                [&] {
                  Pool pool = make_pool(1);
                  return pool.with({.timeout = limit}).apply(computes_over_a_stop, mailbox.path());
                }),
            3);
}

TEST_P(StoppedOwner, counts_the_time_before_and_after) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  EXPECT_EQ(
      stopped_meanwhile(mailbox,
                        [&] {
                          Pool pool = make_pool(1);
                          const auto never_returns = [](const std::string& at) {
                            Mailbox::send(at, "here");
                            for (;;) ::pause();
                          };
                          try {
                            pool.with({.timeout = limit}).apply(never_returns, mailbox.path());
                          } catch (const TaskTimeout&) {
                            return 4;
                          }
                          return 5;
                        }),
      4);
}

}  // namespace
}  // namespace brood::testing::stopped_owner_test

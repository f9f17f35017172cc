#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include <brood/errors.hpp>
#include "platform/mapping.hpp"
#include "platform/system_calls.hpp"
#include "start/start_fixture.hpp"
#include "support/log_catcher.hpp"
#include "support/read_all.hpp"

namespace brood::start::fork_test {
namespace {

using brood::testing::in_child;
using ForkTest = StartTest;

void expect_snapshot(pid_t pid) {
  EXPECT_NE(pid, ::getpid());
  EXPECT_EQ(parent_of(pid), ::getpid());
  EXPECT_EQ(status_field(pid, "Name"), "brood-snapshot");
}

TEST_F(ForkTest, the_first_worker_is_forked_beside_the_snapshot_and_the_others_from_it) {
  if (testing::under_thread_sanitizer) GTEST_SKIP() << "ThreadSanitizer has a thread of its own";
  const auto method = open_method("fork");
  TestWorker first = start_worker(*method), second = start_worker(*method);
  EXPECT_EQ(parent_of(first.process.pid), ::getpid());
  expect_snapshot(parent_of(second.process.pid));
  finish(*method, second);
  finish(*method, first);
}

TEST_F(ForkTest, where_threads_run_every_worker_is_forked_from_the_snapshot) {
  const platform::Pipe pipe = platform::make_pipe();
  platform::OwnThread counted;
  std::thread own([&pipe, &counted] {
    counted.begun();
    char byte;
    testing::read_all(pipe.read.get(), &byte, 1);
  });
  const auto method = open_method("fork");
  TestWorker worker = start_worker(*method);
  expect_snapshot(parent_of(worker.process.pid));
  finish(*method, worker);
  platform::write_all(pipe.write.get(), std::as_bytes(std::span("x", 1)));
  own.join();
}

TEST_F(ForkTest, a_program_that_ignores_its_children_is_told_how_each_worker_ended) {
  EXPECT_EQ(in_child([] {
              std::signal(SIGCHLD, SIG_IGN);
              const testing::LogCatcher quiet;  // fork warns of a sanitizer's thread
              const auto method = open_method("fork");
              TestWorker worker = start_worker(*method);
              worker.kill();
              return finish(*method, worker).kind == ExitStatus::Kind::signaled ? 0 : 1;
            }),
            0);
}

TEST_F(ForkTest, a_snapshot_that_cannot_be_forked_leaves_no_worker_behind) {
  static int forks;
  forks = 0;
  const platform::SystemCalls saved = platform::system_calls();
  platform::system_calls().fork = []() -> pid_t {
    return ++forks == 2 ? (errno = EAGAIN, -1) : ::fork();
  };
  const auto method = open_method("fork");
  EXPECT_THROW(start_worker(*method), SystemError);
  platform::system_calls() = saved;
  EXPECT_TRUE(descendants_of(::getpid()).empty());
}

TEST_F(ForkTest, a_dead_snapshot_is_a_start_error_that_says_how_it_died) {
  const auto method = open_method("fork");
  TestWorker first = start_worker(*method), worker = start_worker(*method);
  ASSERT_TRUE(worker.greet());
  const pid_t snapshot = parent_of(worker.process.pid);
  const platform::Descriptor pidfd = platform::open_pidfd(snapshot);
  platform::send_signal(pidfd, SIGKILL);
  ASSERT_TRUE(platform::wait_for_exit(pidfd, patience_ms));
  for (int i = 0; i < 2; ++i) {
    try {
      start_worker(*method);
      FAIL() << "nothing was thrown";
    } catch (const StartError& error) {
      EXPECT_EQ(error.stage(), "launch");
      EXPECT_NE(std::string(error.what()).find("signal 9"), std::string::npos) << error.what();
    }
  }
  EXPECT_FALSE(worker.ended(0));
  EXPECT_EQ(finish(*method, worker).kind, ExitStatus::Kind::lost);
  finish(*method, first);
}

TEST_F(ForkTest, threads_of_the_users_are_warned_about_and_those_of_the_library_are_not) {
  if (testing::under_thread_sanitizer) GTEST_SKIP() << "ThreadSanitizer has a thread of its own";
  const testing::LogCatcher log;
  const platform::Pipe pipe = platform::make_pipe();
  const auto wait = [&] {
    char byte;
    testing::read_all(pipe.read.get(), &byte, 1);
  };
  {
    platform::OwnThread counted;
    std::thread own([&] {
      counted.begun();
      wait();
    });
    open_method("fork");
    EXPECT_TRUE(log.fork_warnings().empty());
    std::thread users(wait);
    open_method("fork");
    platform::write_all(pipe.write.get(), std::as_bytes(std::span("xx", 2)));
    own.join();
    users.join();
  }
  ASSERT_EQ(log.fork_warnings().size(), 1U);
  const std::string warning = log.fork_warnings().front();
  EXPECT_NE(warning.find("while 1 other thread"), std::string::npos) << warning;
  EXPECT_NE(warning.find("\"forkserver\""), std::string::npos) << warning;
}

TEST_F(ForkTest,
       what_the_owner_has_buffered_is_printed_once_and_its_exit_handlers_run_nowhere_else) {
  const platform::Pipe pipe = platform::make_pipe();
  EXPECT_EQ(in_child([&] {
              ::dup2(pipe.write.get(), 1);
              const testing::LogCatcher quiet;  // fork warns of a sanitizer's thread
              std::atexit([] { std::fputs("exit;", stdout); });
              std::printf("buffered;");
              {
                const auto method = open_method("fork");
                TestWorker worker = start_worker(*method);
                if (!worker.greet() || finish(*method, worker).value != 0) return 1;
              }
              std::exit(0);
            }),
            0);
  char text[64] = {};
  const platform::Transfer read = platform::read_some(pipe.read.get(), text, sizeof text - 1);
  EXPECT_EQ(std::string(text, read.count), "buffered;exit;");
}

TEST_F(ForkTest, a_snapshot_that_cannot_fork_says_why_and_stays_usable) {
  static int forks;
  forks = 0;
  const platform::SystemCalls saved = platform::system_calls();
  platform::system_calls().fork = []() -> pid_t {
    return ++forks == 3 ? (errno = EAGAIN, -1) : ::fork();
  };
  const auto method = open_method("fork");
  TestWorker first = start_worker(*method);  // it and the snapshot, which counts on
  platform::system_calls() = saved;
  EXPECT_TRUE(first.greet());
  try {
    start_worker(*method);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const SystemError& error) {
    EXPECT_EQ(error.code().value(), EAGAIN);
  }
  TestWorker next = start_worker(*method);
  EXPECT_TRUE(next.greet());
  EXPECT_EQ(finish(*method, next).value, 0);
  EXPECT_EQ(finish(*method, first).value, 0);
}

TEST_F(ForkTest, workers_of_a_thread_that_has_ended_stay_alive) {
  std::unique_ptr<Method> method;
  TestWorker worker;
  std::thread([&] {
    method = open_method("fork");
    worker = start_worker(*method);
  }).join();
  EXPECT_TRUE(worker.greet());
  EXPECT_EQ(finish(*method, worker).value, 0);
}

}  // namespace
}  // namespace brood::start::fork_test

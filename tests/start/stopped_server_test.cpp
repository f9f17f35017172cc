// A server that does not answer: what waits for it ends within its time, and says what it waits
// for.
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <brood/errors.hpp>
#include <brood/task.hpp>
#include "start/start_fixture.hpp"
#include "support/read_all.hpp"

namespace brood::start::stopped_server_test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// Also takes its hooks back.
class StoppedServer : public StartTest, public ::testing::WithParamInterface<std::string> {
 protected:
  void TearDown() override {
    set_forkserver_preload({});
    StartTest::TearDown();
  }
};
INSTANTIATE_TEST_SUITE_P(Method, StoppedServer, ::testing::Values("fork", "forkserver"),
                         [](const auto& parameter) { return parameter.param; });

/// A method with a worker that its server has forked, which is stopped.
struct Stopped {
  std::unique_ptr<Method> method;
  TestWorker first, worker;
  pid_t server;

  explicit Stopped(const std::string& name)
      : method(open_method(name)),
        first(start_worker(*method)),
        worker(start_worker(*method)),
        server(parent_of(worker.process.pid)) {
    stop();
  }
  void stop() const {
    ::kill(server, SIGSTOP);
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(server), &info, WSTOPPED | WNOWAIT);
  }
  void go_on() const { ::kill(server, SIGCONT); }
};

TEST_P(StoppedServer, is_a_start_error_that_names_it) {
  Stopped stopped(GetParam());
  const Handed handed;
  try {
    stopped.method->start("Worker", handed.numbers(), 100ms);
    FAIL() << "nothing was thrown";
  } catch (const StartError& error) {
    EXPECT_EQ(error.method(), GetParam());
    EXPECT_EQ(error.stage(), "launch");
    EXPECT_NE(std::string(error.what())
                  .find("(pid " + std::to_string(stopped.server) +
                        ") is stopped: it has not answered within 100 ms"),
              std::string::npos)
        << error.what();
  }
}

TEST_P(StoppedServer, is_asked_without_waiting_and_answers_when_it_goes_on) {
  Stopped stopped(GetParam());
  const Handed handed, more;
  const Clock::time_point before = Clock::now();
  const PendingStart asked = stopped.method->ask("Worker", handed.numbers());
  const PendingStart other = stopped.method->ask("Worker", more.numbers());
  EXPECT_FALSE(asked.process);
  EXPECT_FALSE(stopped.method->answer(asked.ticket));
  EXPECT_LT(Clock::now() - before, 1s);
  stopped.go_on();
  const StartedProcess second = stopped.method->await(other.ticket, 20s);
  const StartedProcess started = stopped.method->await(asked.ticket, 20s);
  EXPECT_EQ(parent_of(started.pid), stopped.server);
  EXPECT_NE(started.pid, second.pid);
}

TEST_P(StoppedServer, holds_up_no_status_for_more_than_a_second) {
  Stopped stopped(GetParam());
  stopped.worker.kill();
  ASSERT_TRUE(stopped.worker.ended());
  stopped.method->receive();
  EXPECT_FALSE(stopped.method->ended(stopped.worker.process.pid));
  const Clock::time_point before = Clock::now();
  EXPECT_EQ(stopped.method->collect(stopped.worker.process.pid).status.kind,
            ExitStatus::Kind::lost);
  EXPECT_LT(Clock::now() - before, 5s);
}

TEST_P(StoppedServer, kills_what_was_abandoned_when_it_goes_on) {
  Stopped stopped(GetParam());
  Handed handed;
  const PendingStart asked = stopped.method->ask("Worker", handed.numbers());
  stopped.method->abandon(asked.ticket);
  stopped.go_on();
  handed.wake_ups.write.reset();
  char byte;
  EXPECT_FALSE(testing::read_all(handed.wake_ups.read.get(), &byte, 1));
  EXPECT_EQ(finish(*stopped.method, stopped.worker).kind, ExitStatus::Kind::exited);
}

TEST_P(StoppedServer, ends_with_its_last_user) {
  auto stopped = std::make_unique<Stopped>(GetParam());
  const platform::Descriptor server = platform::open_pidfd(stopped->server);
  const Clock::time_point before = Clock::now();
  stopped->method.reset();
  drop_forkserver();
  EXPECT_TRUE(platform::wait_for_exit(server, 0));
  EXPECT_LT(Clock::now() - before, 10s);
}

/// More requests than a socket holds: those behind go when there is room.
TEST_P(StoppedServer, is_asked_for_more_than_its_socket_holds) {
  Stopped stopped(GetParam());
  const Handed handed;
  std::vector<std::uint32_t> tickets;
  for (int i = 0; i < 300; ++i)
    tickets.push_back(stopped.method->ask("Worker", handed.numbers()).ticket);
  for (std::size_t i = 0; i + 1 < tickets.size(); ++i) stopped.method->abandon(tickets[i]);
  stopped.go_on();
  EXPECT_GT(stopped.method->await(tickets.back(), 20s).pid, 0);
}

void hook_that_hangs() {
  for (;;) ::pause();
}

std::string marker_of(pid_t owner) { return "/tmp/brood_test_" + std::to_string(owner) + "_hang"; }
void hook_that_hangs_with_a_marker() {
  if (::access(marker_of(::getppid()).c_str(), F_OK) == 0) hook_that_hangs();
}

class HangingHook : public StartTest {
 protected:
  void TearDown() override {
    set_forkserver_preload({});
    StartTest::TearDown();
  }
};

TEST_F(HangingHook, is_a_start_error_that_names_its_stage) {
  set_forkserver_preload({hook_that_hangs});
  const Clock::time_point before = Clock::now();
  try {
    open_method("forkserver", 300ms);
    FAIL() << "nothing was thrown";
  } catch (const StartError& error) {
    EXPECT_EQ(error.stage(), "preload");
    EXPECT_NE(std::string(error.what()).find("had not ended within 300 ms"), std::string::npos)
        << error.what();
  }
  EXPECT_LT(Clock::now() - before, 10s);
  EXPECT_TRUE(descendants_of(::getpid()).empty());
}

/// The first server dies; the next one hangs in the hook that it has by now.
TEST_F(HangingHook, of_a_server_that_replaces_another_is_waited_for_by_nobody_else) {
  const std::string marker = marker_of(::getpid());
  set_forkserver_preload({hook_that_hangs_with_a_marker});
  const auto method = open_method("forkserver");
  TestWorker worker = start_worker(*method);
  std::ofstream(marker).put('x');
  const platform::Descriptor server = platform::open_pidfd(parent_of(worker.process.pid));
  platform::send_signal(server, SIGKILL);
  ASSERT_TRUE(platform::wait_for_exit(server, patience_ms));
  const Handed handed;
  const Clock::time_point before = Clock::now();
  const PendingStart asked = method->ask("Worker", handed.numbers());
  EXPECT_LT(Clock::now() - before, 5s);
  EXPECT_FALSE(asked.process);
  EXPECT_THROW(method->await(asked.ticket, 100ms), StartError);
  EXPECT_EQ(finish(*method, worker).kind, ExitStatus::Kind::lost);
  ::unlink(marker.c_str());
}

}  // namespace
}  // namespace brood::start::stopped_server_test

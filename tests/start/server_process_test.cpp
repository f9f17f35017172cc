#include "start/server_process.hpp"

#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <chrono>
#include <csignal>
#include <span>

#include "platform/usage.hpp"
#include "start/exec.hpp"
#include "start/server_client.hpp"
#include "start/start_fixture.hpp"
#include "support/read_all.hpp"

namespace brood::start::server_process_test {
namespace {

using ServerTest = StartTest;

/// A server with two connections, in a process of its own.
struct TwoClients {
  platform::SocketPair one = platform::make_socket_pair(), other = platform::make_socket_pair();
  pid_t server = -1;

  TwoClients() {
    constexpr int smallest = 1;  // the kernel makes a few replies of it
    ::setsockopt(one.theirs.get(), SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest);
    server = platform::fork_process();
    if (server != 0) {
      one.theirs.reset();
      other.theirs.reset();
      return;
    }
    one.ours.reset();
    other.ours.reset();
    Server loop(platform::open_pidfd(::getppid()));
    loop.add_connection(std::move(one.theirs));
    loop.add_connection(std::move(other.theirs));
    loop.run();
    ::_exit(0);
  }
  ~TwoClients() { discard_child(server); }
};

/// Waits until the socket is readable; false at the deadline.
bool hear(const ServerClient& client) {
  pollfd readable{client.socket(), POLLIN, 0};
  return ::poll(&readable, 1, patience_ms) == 1;
}

std::optional<StartedProcess> start_one(ServerClient& client, const Handed& handed) {
  constexpr std::uint32_t ticket = 1'000'000;
  if (client.ask(ticket, "Worker", handed.numbers()) != ServerClient::Sent::yes)
    return std::nullopt;
  while (client.is_open() && hear(client)) {
    client.receive();
    if (auto answer = client.answer(ticket)) return std::move(answer->process);
  }
  return std::nullopt;
}

TEST_F(ServerTest, a_client_that_reads_nothing_holds_up_nobody_else) {
  TwoClients clients;
  const Handed handed;
  std::uint32_t sent = 0;
  // Without the descriptors that a start needs every request is refused: replies pile up, processes
  // do not.
  for (bool full = false; !full && sent < 100'000; ++sent) {
    const Request request{.kind = Request::Kind::start, .sequence = sent + 1};
    full = platform::try_send_message(clients.one.ours.get(), bytes_of(request)) ==
           platform::SendState::would_block;
    pollfd writable{clients.one.ours.get(), POLLOUT, 0};
    full = full && ::poll(&writable, 1, 250) == 0;  // it has stopped reading, it is not just slow
  }
  EXPECT_LT(sent, 100'000U);
  ServerClient polite(std::move(clients.other.ours));
  std::optional<StartedProcess> started = start_one(polite, handed);
  ASSERT_TRUE(started);
  platform::send_signal(started->pidfd, SIGKILL);
  ASSERT_TRUE(platform::wait_for_exit(started->pidfd, patience_ms));
  ASSERT_TRUE(hear(polite));
  polite.receive();
  EXPECT_EQ(polite.ended(started->pid)->status.value, SIGKILL);
  // Nothing was lost meanwhile: the first client finds a refusal for each request that was taken.
  std::uint32_t refused = 0;
  while (const auto message = platform::receive_message(clients.one.ours.get(), 250)) {
    const auto reply = parse<Reply>(message->bytes);
    EXPECT_EQ(reply->kind, Reply::Kind::refused);
    EXPECT_EQ(reply->sequence, ++refused);
  }
  EXPECT_GE(refused + 1, sent);
}

TEST_F(ServerTest, an_unknown_request_ends_its_connection_only) {
  TwoClients clients;
  EXPECT_TRUE(platform::send_message(clients.one.ours.get(), std::as_bytes(std::span("nonsense"))));
  EXPECT_FALSE(platform::receive_message(clients.one.ours.get(), patience_ms));
  const Handed handed;
  ServerClient polite(std::move(clients.other.ours));
  EXPECT_TRUE(start_one(polite, handed));
}

TEST_F(ServerTest, a_server_ends_with_its_last_connection) {
  TwoClients clients;
  const platform::Descriptor pidfd = platform::open_pidfd(clients.server);
  clients.one.ours.reset();
  clients.other.ours.reset();
  EXPECT_TRUE(platform::wait_for_exit(pidfd, 2000));
}

TEST_F(ServerTest, a_server_that_dies_before_its_reply_leaves_no_worker_behind) {
  TwoClients clients;
  Handed handed;
  // The socket is full of unread replies, so that of the start stays in the queue and the child at
  // its start gate, with a copy of its end.
  const int given[] = {handed.wake_ups.write.get(), handed.page.descriptor().get(),
                       handed.owner.get(), handed.owner.get()};
  const Request refused{.kind = Request::Kind::start},
      request{.kind = Request::Kind::start, .sequence = 1};
  for (int i = 0; i < 40; ++i)
    ASSERT_TRUE(platform::send_message(clients.one.ours.get(), bytes_of(refused)));
  ASSERT_TRUE(platform::send_message(clients.one.ours.get(), bytes_of(request), given));
  while (descendants_of(clients.server).empty()) ::poll(nullptr, 0, 1);
  const platform::Descriptor server = platform::open_pidfd(clients.server);
  platform::send_signal(server, SIGKILL);
  ASSERT_TRUE(platform::wait_for_exit(server, patience_ms));
  handed.wake_ups.write.reset();
  char byte;
  EXPECT_FALSE(
      testing::read_all(handed.wake_ups.read.get(), &byte, 1));  // the end: no worker holds it
}

/// A debugger, say. What it traces it is to reap first.
TEST_F(StartTest, a_server_is_idle_while_another_process_traces_a_dead_worker) {
  const auto method = open_method("forkserver");
  TestWorker worker = start_worker(*method);
  const pid_t server = parent_of(worker.process.pid);
  platform::Pipe attached = platform::make_pipe(), release = platform::make_pipe();
  const pid_t tracer = ::fork();
  if (tracer == 0) {
    release.write.reset();
    const bool traces = ::ptrace(PTRACE_SEIZE, worker.process.pid, nullptr, nullptr) == 0;
    platform::write_all(attached.write.get(), std::as_bytes(std::span(&traces, 1)));
    char byte = 0;
    testing::read_all(release.read.get(), &byte, 1);
    ::_exit(0);
  }
  bool traces = false;
  testing::read_all(attached.read.get(), &traces, 1);
  worker.kill();
  ASSERT_TRUE(worker.ended());
  const auto before = platform::process_usage(server).cpu_time;
  const ExitStatus status = method->collect(worker.process.pid).status;
  if (traces) {
    EXPECT_EQ(status.kind, ExitStatus::Kind::lost);
  }
  EXPECT_LT(platform::process_usage(server).cpu_time - before,
            std::chrono::milliseconds(500));  // of the second that it takes to give up
  release.write.reset();
  ::waitpid(tracer, nullptr, 0);
  if (!traces) GTEST_SKIP() << "this system lets no process trace another";
}

}  // namespace
}  // namespace brood::start::server_process_test

#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "hostile/taken_over.hpp"
#include "platform/socket.hpp"
#include "pool/pool_fixture.hpp"
#include "start/entry.hpp"
#include "start/server_messages.hpp"
#include "support/few_descriptors.hpp"
#include "support/held_pipe.hpp"
#include "support/lingering.hpp"
#include "support/missing_page.hpp"
#include "support/worker_channel.hpp"

// Descriptors whose close(2) waits for as long as the worker, or the peer, that has sent them
// likes.
namespace brood::testing::closes_test {
namespace {

using Kind = start::Request::Kind;

/// Sees to it that what a test does between does not wait for a socket that lingers.
class NoWait {
 public:
  NoWait() = default;
  ~NoWait() {
    EXPECT_LT(std::chrono::steady_clock::now() - since_, std::chrono::seconds(linger_seconds / 2));
  }
  NoWait(const NoWait&) = delete;
  NoWait& operator=(const NoWait&) = delete;

 private:
  const std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

/// The caller's alone.
FileDescriptor handed_over(int number) {
  FileDescriptor handle(number);
  ::close(number);
  return handle;
}

FileDescriptor gives_a_lingering_socket(std::uint16_t port) {
  return handed_over(lingering_socket(port));
}
FileDescriptor gives_one_inside_another(std::uint16_t port) {
  return handed_over(socket_around_a_lingering_one(port));
}

int answer() { return 42; }

class Closes : public PoolTest {
 protected:
  StalledPeer peer_;
};
BROOD_FOR_EVERY_METHOD(Closes);

TEST_P(Closes, of_what_a_worker_has_returned_do_not_wait) {
  for (const auto gives : {gives_a_lingering_socket, gives_one_inside_another}) {
    Pool pool = make_pool(1);
    FileDescriptor given = pool.apply(gives, peer_.port());
    pool.terminate();
    pool.join();  // the worker has no copy any more
    const NoWait none;
    given = {};
  }
}

/// On the descriptor channel, as nothing that a result says belongs to it.
[[noreturn]] void leaves_sockets_and_ends(std::uint16_t port) {
  const std::array<int, 2> sockets{lingering_socket(port), socket_around_a_lingering_one(port)};
  for (const int& number : sockets) send_raw(channel_socket, "x", 1, {&number, 1});
  for (const int number : sockets) send_raw(number, "", 0, {});
  ::kill(::getpid(), SIGKILL);
  hang();
}

TEST_P(Closes, of_what_waits_for_the_owner_of_a_dead_worker_do_not_wait) {
  const NoWait none;
  Pool pool = make_pool(1);
  EXPECT_THROW(pool.apply(leaves_sockets_and_ends, peer_.port()), WorkerLost);
  EXPECT_EQ(pool.with({.timeout = 5s}).apply(answer), 42);
}

/// A message of the descriptor channel's that carries what was not asked for, and one that cannot
/// be read.
FileDescriptor sends_more_than_it_says(std::uint16_t port) {
  const std::array<int, 3> sockets{lingering_socket(port), lingering_socket(port),
                                   socket_around_a_lingering_one(port)};
  send_raw(channel_socket, "nonsense", 8, sockets);
  for (const int number : sockets) ::close(number);  // the last one, perhaps: the pool kills us
  return FileDescriptor(0);
}

TEST_P(Closes, of_what_comes_in_a_message_of_no_sense_do_not_wait) {
  const NoWait none;
  Pool pool = make_pool(1);
  EXPECT_THROW(pool.apply(sends_more_than_it_says, peer_.port()), Error);
  EXPECT_EQ(pool.with({.timeout = 5s}).apply(answer), 42);
}

FileDescriptor sends_a_pipe_that_it_holds(std::uint16_t) {
  const int held = held_pipe();
  send_raw(channel_socket, "nonsense", 8, {&held, 1});
  ::close(held);
  return FileDescriptor(0);
}

TEST_P(Closes, of_a_pipe_whose_lock_its_sender_holds_do_not_wait) {
  const NoWait none;
  Pool pool = make_pool(1);
  EXPECT_THROW(pool.apply(sends_a_pipe_that_it_holds, peer_.port()), Error);
  EXPECT_EQ(pool.with({.timeout = 5s}).apply(answer), 42);
}

/// Where nothing but bytes belongs.
[[noreturn]] void sends_sockets_with_its_wake_ups(std::uint16_t port) {
  const std::array<int, 2> sockets{lingering_socket(port), socket_around_a_lingering_one(port)};
  for (const int& number : sockets) send_raw(wake_up_socket, "x", 1, {&number, 1});
  for (const int number : sockets) ::close(number);
  hang();
}

TEST_P(Closes, of_what_comes_with_wake_ups_do_not_wait) {
  const NoWait none;
  Pool pool = make_pool(1);
  // By the dispatcher, which looks there; a caller that drives its worker does not.
  for (int i = 0; i < 2; ++i) {
    EXPECT_THROW(pool.apply_async(sends_sockets_with_its_wake_ups, peer_.port()).get(), WorkerLost);
  }
  EXPECT_EQ(pool.with({.timeout = 5s}).apply(answer), 42);
}

/// In an epoll set whose lock this worker keeps: a thread of it waits for events, which are to be
/// written where no memory comes.
FileDescriptor gives_one_of_a_locked_epoll_set() {
  ::alarm(linger_seconds);
  const int given = ::eventfd(0, EFD_CLOEXEC), ready = ::eventfd(1, EFD_CLOEXEC);
  const int set = ::epoll_create1(EPOLL_CLOEXEC);
  for (const int number : {given, ready}) {
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    ::epoll_ctl(set, EPOLL_CTL_ADD, number, &wanted);
  }
  void* const page = (new MissingPage)->data();  // until this worker ends
  std::atomic<pid_t> thread{0};
  std::thread([&thread, set, page] {
    thread = ::gettid();
    ::epoll_wait(set, static_cast<epoll_event*>(page), 8, -1);
  }).detach();
  while (thread == 0 || status_field(thread, "State").substr(0, 1) == "R") ::sched_yield();
  return handed_over(given);
}

TEST_P(Closes, of_what_is_in_a_locked_epoll_set_do_not_wait) {
  Pool pool = make_pool(1);
  FileDescriptor given;
  try {
    given = pool.apply(gives_one_of_a_locked_epoll_set);
  } catch (const std::runtime_error& refused) {  // vm.unprivileged_userfaultfd
    GTEST_SKIP() << refused.what();
  }
  const NoWait none;
  given = {};
  pool.terminate();
}

void puts_lingering_sockets(std::uint16_t port, const Queue<FileDescriptor>& queue) {
  queue.put(gives_a_lingering_socket(port));
  queue.put(gives_one_inside_another(port));
}

TEST_P(Closes, of_what_has_come_through_a_queue_do_not_wait) {
  Pool pool = make_pool(1);
  const Queue<FileDescriptor> queue;
  pool.apply(puts_lingering_sockets, peer_.port(), queue);
  pool.terminate();
  pool.join();
  const NoWait none;
  queue.get_for(patience);
  queue.get_for(patience);
}

TEST_P(Closes, of_a_queue_do_not_wait_for_what_is_in_it) {
  Pool pool = make_pool(1);
  auto queue = std::make_unique<Queue<FileDescriptor>>();
  pool.apply(puts_lingering_sockets, peer_.port(), *queue);
  pool.terminate();
  pool.join();
  const NoWait none;
  queue.reset();
}

void sends_lingering_sockets(std::uint16_t port, Connection connection) {
  connection.send(gives_a_lingering_socket(port));
  connection.send(gives_one_inside_another(port));
}

TEST_P(Closes, of_a_connection_do_not_wait_for_what_is_in_it) {
  Pool pool = make_pool(1);
  auto [ours, theirs] = pipe();
  pool.apply(sends_lingering_sockets, peer_.port(), theirs);
  theirs = {};
  pool.terminate();
  pool.join();
  const NoWait none;
  ours.recv<FileDescriptor>();
  ours = {};
}

void offers_lingering_sockets(std::uint16_t port) {
  const start::Request connect{.kind = Kind::connect};
  for (int i = 0; i < 3; ++i) {
    for (const int number : {lingering_socket(port), socket_around_a_lingering_one(port)}) {
      send_raw(server_socket, &connect, sizeof connect, {&number, 1});
      std::thread([number] { ::close(number); }).detach();  // the server may have closed it already
    }
  }
}

class Messages : public PoolCheck {
 protected:
  /// Of what holds sockets in the order given, after the last close of this process's own.
  bool send(std::span<const int> sockets) {
    const bool sent = send_raw(pair_.theirs.get(), "hello", 5, sockets);
    for (const int number : sockets) ::close(number);
    return sent;
  }
  const StalledPeer peer_;
  platform::SocketPair pair_ = platform::make_socket_pair();
};

TEST_F(Messages, with_no_room_for_their_descriptors_are_no_reason_to_wait) {
  ASSERT_TRUE(send(std::array{lingering_socket(peer_.port()), lingering_socket(peer_.port()),
                              socket_around_a_lingering_one(peer_.port())}));
  const NoWait none;
  const FewDescriptors few(1);
  const auto message = platform::receive_message_lossy(pair_.ours.get(), 0);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->bytes.size(), 5U);
  EXPECT_TRUE(message->descriptors_lost);
  EXPECT_TRUE(message->descriptors.empty());
}

TEST_F(Messages, with_more_descriptors_than_any_may_have_are_no_reason_to_wait) {
  std::vector<int> many;
  for (std::size_t i = 0; i < platform::max_message_descriptors; ++i) many.push_back(::dup(0));
  many.push_back(lingering_socket(peer_.port()));
  ASSERT_TRUE(send(many));
  const NoWait none;
  EXPECT_THROW(platform::receive_message_lossy(pair_.ours.get(), 0), SystemError);
}

class ServerSocketCloses : public PoolCheck {};

TEST_F(ServerSocketCloses, do_not_keep_the_fork_server) {
  const StalledPeer peer;
  const NoWait none;
  Pool pool(PoolOptions{.workers = 1, .start_method = "forkserver"});
  pool.apply(offers_lingering_sockets, peer.port());
  Pool other(PoolOptions{.workers = 1, .start_method = "forkserver"});
  EXPECT_EQ(other.with({.timeout = 5s}).apply(answer), 42);
  start::drop_forkserver();
}

}  // namespace
}  // namespace brood::testing::closes_test

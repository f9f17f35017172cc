#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <numeric>
#include <ranges>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <brood/connection.hpp>
#include <brood/event.hpp>
#include <brood/file_descriptor.hpp>
#include <brood/wait.hpp>
#include "pool/pool_fixture.hpp"
#include "support/in_child.hpp"

namespace brood::testing::connection_test {
namespace {

class ConnectionTest : public PoolCheck {
 protected:
  static std::vector<std::byte> bytes_of(const std::string& text) {
    const auto view = std::as_bytes(std::span(text));
    return {view.begin(), view.end()};
  }
};

TEST_F(ConnectionTest, values_arrive_as_they_were_sent_in_both_directions) {
  auto [a, b] = pipe();
  a.send(42);
  a.send("text");
  a.send(std::vector<std::string>{"x", "y"});
  EXPECT_EQ(b.recv<int>(), 42);
  const std::string text = b.recv<std::string>();
  EXPECT_EQ(text, "text");
  EXPECT_EQ(b.recv<std::vector<std::string>>()->size(), 2U);
  b.send(std::pair(1, 2.5));
  EXPECT_EQ((a.recv<std::pair<int, double>>()), std::pair(1, 2.5));
}

TEST_F(ConnectionTest, a_one_way_pipe_reads_at_its_first_end_and_writes_at_its_second) {
  auto [reader, writer] = pipe(Duplex::no);
  EXPECT_TRUE(reader.readable() && !reader.writable());
  EXPECT_TRUE(writer.writable() && !writer.readable());
  writer.send(1);
  EXPECT_EQ(reader.recv<int>(), 1);
  EXPECT_THROW(reader.send(1), UsageError);
  EXPECT_THROW(writer.recv<int>(), UsageError);
  EXPECT_THROW(writer.poll(), UsageError);
}

TEST_F(ConnectionTest, the_end_of_the_stream_is_a_value_behind_what_was_sent) {
  auto [a, b] = pipe();
  a.send(1);
  a.close();
  EXPECT_TRUE(b.poll());
  EXPECT_EQ(b.recv<int>(), 1);
  EXPECT_TRUE(b.poll());  // there is something to be told
  EXPECT_FALSE(b.recv<int>().has_value());
  EXPECT_FALSE(b.recv_bytes().has_value());
  EXPECT_THROW(static_cast<void>(static_cast<int>(b.recv<int>())), EndOfStream);
}

TEST_F(ConnectionTest, sending_where_nobody_reads_is_a_system_error_and_no_signal) {
  auto [a, b] = pipe();
  b.close();
  const auto error = caught<SystemError>([&a = a] { a.send(1); });
  EXPECT_EQ(error.code().value(), EPIPE);
}

TEST_F(ConnectionTest, a_closed_end_says_so_and_closing_twice_is_closing_once) {
  auto [a, b] = pipe();
  Connection copy = a;
  copy.close();
  a.close();
  EXPECT_TRUE(a.closed());
  EXPECT_THROW(a.send(1), UsageError);
  EXPECT_THROW(a.recv<int>(), UsageError);
  EXPECT_THROW(a.poll(), UsageError);
  EXPECT_THROW(static_cast<void>(a.file_descriptor()), UsageError);
  EXPECT_THROW(Connection().send(1), UsageError);
  EXPECT_TRUE(Connection().closed());
}

TEST_F(ConnectionTest, bytes_keep_their_boundaries_and_may_be_none) {
  auto [a, b] = pipe();
  a.send_bytes(bytes_of("one"));
  a.send_bytes({});
  a.send_bytes(bytes_of("three"));
  EXPECT_EQ(b.recv_bytes(), bytes_of("one"));
  EXPECT_EQ(b.recv_bytes(), std::vector<std::byte>());
  std::vector<std::byte> buffer(16);
  EXPECT_EQ(b.recv_bytes_into(buffer), 5U);
}

TEST_F(ConnectionTest, what_is_received_can_be_written_to_a_stream_as_it_is) {
  auto [a, b] = pipe();
  a.send("text");
  a.send(7);
  a.send_bytes("plain");
  std::ostringstream stream;
  stream << b.recv<std::string>() << ' ' << b.recv<int>();
  EXPECT_EQ(stream.str(), "text 7");
  EXPECT_EQ(b.recv_bytes(), bytes_of("plain"));
  a.close();
  EXPECT_THROW(stream << b.recv<int>(), EndOfStream);
}

TEST_F(ConnectionTest, a_buffer_that_is_too_short_loses_nothing) {
  auto [a, b] = pipe();
  a.send_bytes(bytes_of("longer than four"));
  std::vector<std::byte> buffer(4);
  const auto error = caught<BufferTooShort>([&b = b, &buffer] { b.recv_bytes_into(buffer); });
  EXPECT_EQ(error.message(), bytes_of("longer than four"));
  a.send(7);
  EXPECT_EQ(b.recv<int>(), 7);
}

TEST_F(ConnectionTest, messages_of_any_size_need_no_reader_to_be_sent) {
  auto [a, b] = pipe();
  for (const std::size_t count : {std::size_t{1}, std::size_t{7000}, std::size_t{7700},
                                  std::size_t{100'000}, std::size_t{8'000'000}}) {
    std::vector<double> numbers(count);
    std::iota(numbers.begin(), numbers.end(), 0.0);
    a.send(numbers);
    EXPECT_EQ(*b.recv<std::vector<double>>(), numbers) << count;
  }
}

TEST_F(ConnectionTest, an_error_of_encoding_sends_nothing) {
  auto [a, b] = pipe();
  EXPECT_THROW(a.send(Connection()), CodecError);
  EXPECT_FALSE(b.poll());
}

TEST_F(ConnectionTest, a_message_of_another_type_is_a_codec_error_and_the_next_is_whole) {
  auto [a, b] = pipe();
  a.send(1);
  a.send(2);
  EXPECT_THROW(b.recv<std::string>(), CodecError);
  EXPECT_EQ(b.recv<int>(), 2);
}

TEST_F(ConnectionTest, poll_waits_as_long_as_it_is_told_and_not_longer_than_needed) {
  auto [a, b] = pipe();
  EXPECT_FALSE(b.poll());
  EXPECT_FALSE(b.poll(-1s));
  EXPECT_FALSE(b.poll(1ms));
  std::thread sender([&a = a] { a.send(1); });
  EXPECT_TRUE(b.poll(60s));
  sender.join();
  EXPECT_TRUE(b.poll(std::chrono::nanoseconds::max()));
}

// What nothing of Brood's sends, but any process with the other end can.
bool say_nothing(const Connection& end) {
  return ::send(end.file_descriptor(), "", 0, MSG_NOSIGNAL) == 0;
}

TEST_F(ConnectionTest, an_empty_message_is_an_error_and_holds_up_nobody) {
  auto [a, b] = pipe();
  ASSERT_TRUE(say_nothing(a));
  a.send(7);
  EXPECT_TRUE(b.poll());
  ASSERT_THROW(static_cast<void>(b.recv<int>()), CodecError);
  EXPECT_EQ(b.recv<int>().value(), 7);
  b.send(8);
  EXPECT_EQ(a.recv<int>().value(), 8);
  ASSERT_TRUE(say_nothing(a));
  a.close();
  EXPECT_FALSE(b.recv<int>()) << "with nothing behind it, it is the end";
  EXPECT_FALSE(b.recv<int>());
}

TEST_F(ConnectionTest, what_follows_an_empty_message_of_a_sender_that_has_gone_is_received) {
  auto [a, b] = pipe();
  ASSERT_TRUE(say_nothing(a));
  a.send(7);
  a.close();
  ASSERT_THROW(static_cast<void>(b.recv<int>()), CodecError);
  EXPECT_EQ(b.recv<int>().value(), 7);
  EXPECT_FALSE(b.recv<int>());
}

TEST_F(ConnectionTest, an_empty_message_beside_the_end_keeps_no_reader_waiting) {
  for (int i = 0; i < 500; ++i) {
    auto [a, b] = pipe();
    std::jthread sender([end = std::move(a)]() mutable {
      static_cast<void>(say_nothing(end));
      end.close();
    });
    try {
      EXPECT_FALSE(b.recv<int>());
    } catch (const CodecError&) {
      EXPECT_FALSE(b.recv<int>());
    }
  }
}

TEST_F(ConnectionTest, wait_tells_which_ones_are_ready) {
  auto [a, b] = pipe();
  auto [c, d] = pipe();
  EXPECT_TRUE(brood::wait({b, d}, 1ms).empty());
  c.send(1);
  const auto ready = brood::wait({b, d}, 60s);
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready.front(), d);
  a.close();
  EXPECT_EQ(brood::wait({b, d}).size(), 2U);
  EXPECT_EQ(brood::wait(std::vector<Connection>{b}, 0s).size(), 1U);
  EXPECT_THROW(brood::wait({a}, 1s), UsageError);
  EXPECT_THROW(brood::wait({-1}, 1s), UsageError);
}

TEST_F(ConnectionTest, wait_takes_a_range_whose_end_is_not_known_before) {
  auto [a, b] = pipe();
  a.send(1);
  const std::vector<int> numbers{b.file_descriptor(), -1};
  const auto until_minus_one =
      std::views::take_while(numbers, [](int number) { return number >= 0; });
  EXPECT_EQ(brood::wait(until_minus_one, 60s), (std::vector<Waitable>{b}));
}

TEST_F(ConnectionTest, a_descriptor_travels_with_its_message) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  auto [a, b] = pipe();
  a.send(FileDescriptor(ends[1]));
  ::close(ends[1]);
  {
    const FileDescriptor received = b.recv<FileDescriptor>();
    ASSERT_EQ(::write(received.get(), "x", 1), 1);
  }
  char read = 0;
  EXPECT_EQ(::read(ends[0], &read, 1), 1);
  EXPECT_EQ(::read(ends[0], &read, 1), 0);  // the other end is closed everywhere
  ::close(ends[0]);
}

TEST_F(ConnectionTest, a_connection_travels_through_a_connection_to_another_process) {
  auto [a, b] = pipe();
  auto [c, d] = pipe();
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
    a.close();
    c.close();
    d.close();
    Connection received = b.recv<Connection>();
    received.send(std::string("from the child"));
    ::_exit(received.recv<int>() == 5 ? 0 : 1);
  }
  b.close();
  a.send(d);
  d.close();
  EXPECT_EQ(c.recv<std::string>(), "from the child");
  c.send(5);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(c.recv<int>().has_value());
}

TEST_F(ConnectionTest, many_connections_travel_in_one_message) {
  auto [a, b] = pipe();
  std::vector<Connection> ours, theirs;
  for (int i = 0; i < 100; ++i) {
    auto [one, other] = pipe();
    ours.push_back(one);
    theirs.push_back(other);
  }
  a.send(theirs);
  theirs.clear();
  std::vector<Connection> received = *b.recv<std::vector<Connection>>();
  ASSERT_EQ(received.size(), 100U);
  for (std::size_t i = 0; i < 100; ++i) {
    ours[i].send(static_cast<int>(i));
    EXPECT_EQ(received[i].recv<int>(), static_cast<int>(i));
  }
}

TEST_F(ConnectionTest, more_handles_than_a_message_may_have_are_a_codec_error) {
  auto [ours, theirs] = pipe();
  const Event one, other;
  std::vector<Event> handles;
  for (int i = 0; i < 3000; ++i) handles.insert(handles.end(), {one, other});
  const auto refused = caught<CodecError>([&, &ours = ours] { ours.send(handles); });
  EXPECT_TRUE(contains(refused.what(), "6000")) << refused.what();
  ours.send(1);
  EXPECT_EQ(theirs.recv<int>(), 1);
}

TEST_F(ConnectionTest, many_writers_and_readers_share_the_ends_of_one_pipe) {
  constexpr int writers = 4, messages = 2000;
  auto [a, b] = pipe();
  std::vector<std::thread> threads;
  std::atomic<long> sum{0}, received{0};
  for (int w = 0; w < writers; ++w)
    threads.emplace_back([&a = a] {
      for (int i = 1; i <= messages; ++i) a.send(i);
    });
  for (int r = 0; r < 2; ++r)
    threads.emplace_back([&b = b, &sum, &received] {
      while (const auto value = b.recv<int>()) {
        sum += *value;
        ++received;
      }
    });
  for (int w = 0; w < writers; ++w) threads[static_cast<std::size_t>(w)].join();
  a.close();
  for (std::size_t r = writers; r < threads.size(); ++r) threads[r].join();
  EXPECT_EQ(received, writers * messages);
  EXPECT_EQ(sum, long{writers} * messages * (messages + 1) / 2);
}

TEST_F(ConnectionTest, a_killed_writer_leaves_whole_messages_only) {
  auto [a, b] = pipe();
  auto [ready, told] = pipe();
  const pid_t writer = ::fork();
  if (writer == 0) {
    b.close();
    const std::vector<int> large(1 << 18, 7);
    for (int i = 0;; ++i) {
      a.send(large);
      if (i == 20) told.send(0);
    }
  }
  a.close();
  std::size_t count = 0;
  while (!ready.poll()) count += b.recv<std::vector<int>>()->size() == 1 << 18;
  ::kill(writer, SIGKILL);
  ::waitpid(writer, nullptr, 0);
  while (const auto message = b.recv<std::vector<int>>()) {
    EXPECT_EQ(message->size(), std::size_t{1} << 18);
    ++count;
  }
  EXPECT_GE(count, 1U);
}

TEST_F(ConnectionTest, making_and_closing_many_leaves_no_descriptor) {
  for (int i = 0; i < 2000; ++i) {
    auto [a, b] = pipe();
    a.send(b);
    b.close();
  }
}

TEST_F(ConnectionTest, an_object_of_a_thread_may_receive_when_it_is_destroyed) {
  struct Late {
    Connection end;
    int* got;
    ~Late() { *got = end.recv<int>().value_or(0); }
  };
  auto [a, b] = pipe();
  a.send(1);
  a.send(2);
  int got = 0;
  std::thread([&got, &b = b] {
    static thread_local const Late late{b, &got};  // outlives what the library makes
    EXPECT_EQ(b.recv<int>(), 1);
  }).join();
  EXPECT_EQ(got, 2);
}

}  // namespace
}  // namespace brood::testing::connection_test

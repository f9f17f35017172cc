#include "platform/socket.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include <brood/errors.hpp>
#include "platform/pipe.hpp"
#include "support/in_child.hpp"
#include "support/leak_check.hpp"
#include "support/read_all.hpp"

namespace brood::platform::socket_test {
namespace {

using SocketTest = testing::LeakCheck;

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }
std::string text(const std::optional<Message>& message) {
  if (!message) return "(none)";
  return {reinterpret_cast<const char*>(message->bytes.data()), message->bytes.size()};
}

TEST_F(SocketTest, messages_keep_their_boundaries) {
  const SocketPair pair = make_socket_pair();
  EXPECT_TRUE(send_message(pair.ours.get(), bytes("one")));
  EXPECT_TRUE(send_message(pair.ours.get(), bytes("three")));
  EXPECT_EQ(text(receive_message(pair.theirs.get())), "one");
  EXPECT_EQ(text(receive_message(pair.theirs.get())), "three");
}

TEST_F(SocketTest, descriptors_come_along_and_are_closed_on_exec) {
  const SocketPair pair = make_socket_pair();
  Pipe pipe = make_pipe();
  const int sent[] = {pipe.write.get(), pipe.read.get()};
  EXPECT_TRUE(send_message(pair.ours.get(), bytes("x"), sent));
  const std::optional<Message> message = receive_message(pair.theirs.get());
  ASSERT_EQ(message->descriptors.size(), 2U);
  EXPECT_NE(::fcntl(message->descriptors[0].get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_TRUE(write_all(message->descriptors[0].get(), bytes("y")));
  char byte = 0;
  EXPECT_TRUE(testing::read_all(pipe.read.get(), &byte, 1));
  EXPECT_EQ(byte, 'y');
}

TEST_F(SocketTest, a_deadline_and_the_end_of_the_stream_are_two_things) {
  SocketPair pair = make_socket_pair();
  bool timed_out = false;
  EXPECT_FALSE(receive_message(pair.ours.get(), 1, &timed_out));
  EXPECT_TRUE(timed_out);
  pair.theirs.reset();
  EXPECT_FALSE(receive_message(pair.ours.get(), 1000, &timed_out));
  EXPECT_FALSE(timed_out);
}

TEST_F(SocketTest, sending_to_nobody_is_a_value_and_raises_no_signal) {
  SocketPair pair = make_socket_pair();
  pair.theirs.reset();
  EXPECT_FALSE(send_message(pair.ours.get(), bytes("x")));
  EXPECT_EQ(try_send_message(pair.ours.get(), bytes("x")), SendState::gone);
}

TEST_F(SocketTest, a_full_socket_would_block) {
  const SocketPair pair = make_socket_pair();
  const std::string block(4096, 'x');
  SendState state = SendState::sent;
  for (int i = 0; i < 100'000 && state == SendState::sent; ++i)
    state = try_send_message(pair.ours.get(), bytes(block));
  EXPECT_EQ(state, SendState::would_block);
}

TEST_F(SocketTest, a_message_that_is_empty_or_too_long_is_refused) {
  const SocketPair pair = make_socket_pair();
  EXPECT_THROW(send_message(pair.ours.get(), {}), SystemError);
  EXPECT_THROW(send_message(pair.ours.get(), bytes(std::string(max_message_size + 1, 'x'))),
               SystemError);
  EXPECT_TRUE(send_message(pair.ours.get(), bytes(std::string(max_message_size, 'x'))));
  EXPECT_EQ(receive_message(pair.theirs.get())->bytes.size(), max_message_size);
}

TEST_F(SocketTest, a_last_message_is_read_though_its_sender_had_unread_ones) {
  SocketPair pair = make_socket_pair();
  EXPECT_TRUE(send_message(pair.theirs.get(), bytes("reply")));
  EXPECT_TRUE(send_message(pair.ours.get(), bytes("never read")));
  pair.theirs.reset();
  EXPECT_EQ(text(receive_message(pair.ours.get())), "reply");
  EXPECT_FALSE(receive_message(pair.ours.get()));
}

/// Sends what nothing of ours sends.
void send_empty(int socket, std::span<const int> descriptors = {}) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  if (!descriptors.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    *header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
    std::memcpy(CMSG_DATA(header), descriptors.data(), sizeof(int));
  }
  ASSERT_EQ(::sendmsg(socket, &message, MSG_NOSIGNAL), 0);
}

TEST_F(SocketTest, an_empty_message_is_not_the_end) {
  SocketPair pair = make_socket_pair();
  for (int i = 0; i < 40; ++i) send_empty(pair.ours.get());
  EXPECT_TRUE(send_message(pair.ours.get(), bytes("one")));
  EXPECT_EQ(text(receive_message(pair.theirs.get())), "one");
  send_empty(pair.ours.get());
  EXPECT_TRUE(send_message(pair.ours.get(), bytes("two")));
  EXPECT_EQ(text(receive_message(pair.theirs.get(), 30'000)), "two");
  for (int i = 0; i < 40; ++i) send_empty(pair.ours.get());
  pair.ours.reset();
  bool timed_out = true;
  EXPECT_FALSE(receive_message(pair.theirs.get(), 30'000, &timed_out));
  EXPECT_FALSE(timed_out) << "here it is the end";
}

TEST_F(SocketTest, what_follows_an_empty_message_of_a_sender_that_has_gone_is_read) {
  for (const int timeout : {-1, 30'000}) {
    SocketPair pair = make_socket_pair();
    send_empty(pair.ours.get());
    EXPECT_TRUE(send_message(pair.ours.get(), bytes("last")));
    send_empty(pair.ours.get());
    pair.ours.reset();
    EXPECT_EQ(text(receive_message(pair.theirs.get(), timeout)), "last");
    EXPECT_FALSE(receive_message(pair.theirs.get(), timeout));
  }
}

TEST_F(SocketTest, an_empty_message_prolongs_no_deadline) {
  const SocketPair pair = make_socket_pair();
  for (const int timeout : {0, 20}) {
    send_empty(pair.ours.get());
    bool timed_out = false;
    EXPECT_FALSE(receive_message(pair.theirs.get(), timeout, &timed_out));
    EXPECT_TRUE(timed_out);
  }
}

TEST_F(SocketTest, an_empty_message_leaves_no_descriptor) {
  const SocketPair pair = make_socket_pair();
  const int sent = pair.theirs.get();
  send_empty(pair.ours.get(), {&sent, 1});
  EXPECT_TRUE(send_message(pair.ours.get(), bytes("x")));
  EXPECT_EQ(text(receive_message(pair.theirs.get())), "x");  // the fixture counts descriptors
}

/// Other processes may have a copy of the receiving socket, and set its options.
TEST_F(SocketTest, what_the_kernel_adds_to_a_message_leaves_no_descriptor) {
  constexpr int pidfd_of_sender = 76;  // SO_PASSPIDFD, of Linux 6.5
  const SocketPair pair = make_socket_pair();
  const int yes = 1;
  for (const int option : {pidfd_of_sender, SO_PASSCRED, SO_PASSSEC})
    ::setsockopt(pair.theirs.get(), SOL_SOCKET, option, &yes, sizeof yes);
  const Pipe pipe = make_pipe();
  const int sent[] = {pipe.write.get(), pipe.read.get()};
  const std::size_t before = testing::descriptors_of("self").size();
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(send_message(pair.ours.get(), bytes("without")));
    const std::optional<Message> without = receive_message(pair.theirs.get());
    EXPECT_TRUE(without->descriptors.empty());
    EXPECT_FALSE(without->descriptors_lost);
    EXPECT_TRUE(send_message(pair.ours.get(), bytes("with"), sent));
    const std::optional<Message> with = receive_message(pair.theirs.get());
    ASSERT_EQ(with->descriptors.size(), 2U);
    EXPECT_EQ(::fcntl(with->descriptors[1].get(), F_GETFL) & O_ACCMODE, O_RDONLY);
    EXPECT_EQ(testing::descriptors_of("self").size(), before + 2);
  }
}

TEST_F(SocketTest, a_descriptor_that_finds_no_room_is_an_error_and_the_next_message_arrives) {
  EXPECT_EQ(testing::in_child([] {
              const SocketPair pair = make_socket_pair();
              const int sent = pair.theirs.get();
              for (int i = 0; i < 2; ++i) send_message(pair.ours.get(), bytes("with"), {&sent, 1});
              send_message(pair.ours.get(), bytes("without"));
              const int next = pair.theirs.duplicate().get();
              rlimit limit{};
              ::getrlimit(RLIMIT_NOFILE, &limit);
              const rlimit full{static_cast<rlim_t>(next), limit.rlim_max};
              ::setrlimit(RLIMIT_NOFILE, &full);
              int error = 0;
              try {
                receive_message(pair.theirs.get());
              } catch (const SystemError& thrown) {
                ::setrlimit(RLIMIT_NOFILE, &limit);
                error = thrown.code().value();
              }
              if (error != EMFILE) return 1;
              ::setrlimit(RLIMIT_NOFILE, &full);
              const std::optional<Message> lossy = receive_message_lossy(pair.theirs.get());
              if (text(lossy) != "with" || !lossy->descriptors_lost || !lossy->descriptors.empty())
                return 4;
              return text(receive_message(pair.theirs.get())) == "without" ? 0 : 5;
            }),
            0);
}

}  // namespace
}  // namespace brood::platform::socket_test

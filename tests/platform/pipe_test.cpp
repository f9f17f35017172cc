#include "platform/pipe.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <cerrno>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include <brood/errors.hpp>
#include "platform/rights.hpp"
#include "platform/system_calls.hpp"
#include "support/leak_check.hpp"
#include "support/raw_message.hpp"
#include "support/read_all.hpp"

namespace brood::platform::pipe_test {
namespace {

using PipeTest = testing::LeakCheck;
using State = Transfer::State;

bool sigpipe_is_blocked() {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return sigismember(&mask, SIGPIPE) == 1;
}
bool sigpipe_is_pending() {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, SIGPIPE) == 1;
}
// False when the reader is gone.
bool write_one(int descriptor) {
  constexpr std::byte byte{'x'};
  const SigpipeGuard guard;
  return write_all_unguarded(descriptor, {&byte, 1});
}
bool send_one(int socket) {
  constexpr std::byte byte{'x'};
  return send_all(socket, {&byte, 1});
}
// The errno value that it throws; 0 where it throws nothing.
int error_of(bool (*write)(int), int descriptor) {
  try {
    write(descriptor);
    return 0;
  } catch (const SystemError& error) {
    return error.code().value();
  }
}

TEST_F(PipeTest, the_end_of_the_stream_is_a_value) {
  Pipe pipe = make_pipe();
  pipe.write.reset();
  char byte;
  EXPECT_EQ(read_some(pipe.read.get(), &byte, 1).state, State::closed);
  EXPECT_FALSE(testing::read_all(pipe.read.get(), &byte, 1));
}

TEST_F(PipeTest, writing_to_nobody_is_a_value_and_raises_no_signal) {
  Pipe pipe = make_pipe();
  pipe.read.reset();
  EXPECT_FALSE(write_one(pipe.write.get()));
  EXPECT_FALSE(write_all(pipe.write.get(), std::as_bytes(std::span("text"))));
  EXPECT_FALSE(sigpipe_is_blocked());
  EXPECT_FALSE(sigpipe_is_pending());
}

TEST_F(PipeTest, a_guard_for_many_writes_leaves_the_mask_as_it_was) {
  Pipe pipe = make_pipe();
  pipe.read.reset();
  {
    const SigpipeGuard guard;
    EXPECT_TRUE(sigpipe_is_blocked());
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(write_one(pipe.write.get()));
    EXPECT_TRUE(sigpipe_is_blocked());
  }
  EXPECT_FALSE(sigpipe_is_blocked());
  EXPECT_FALSE(sigpipe_is_pending());
}

TEST_F(PipeTest, a_signal_that_the_user_has_pending_stays_pending) {
  sigset_t set, before;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, &before);
  pthread_kill(pthread_self(), SIGPIPE);
  Pipe pipe = make_pipe();
  pipe.read.reset();
  EXPECT_FALSE(write_one(pipe.write.get()));
  EXPECT_TRUE(sigpipe_is_pending());
  const timespec now{};
  sigtimedwait(&set, nullptr, &now);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_F(PipeTest, writing_everything_waits_for_a_reader_and_keeps_every_byte) {
  const Pipe pipe = make_pipe();
  std::vector<std::byte> sent(1 << 20);
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<std::byte>(i * 7);
  std::vector<std::byte> received(sent.size());
  std::thread reader(
      [&] { EXPECT_TRUE(testing::read_all(pipe.read.get(), received.data(), received.size())); });
  EXPECT_TRUE(write_all(pipe.write.get(), sent));
  reader.join();
  EXPECT_EQ(received, sent);
}

TEST_F(PipeTest, one_of_sockets_goes_in_one_direction) {
  const Pipe pipe = make_socket_pipe();
  EXPECT_FALSE(write_one(pipe.read.get()));
  EXPECT_TRUE(write_one(pipe.write.get()));
  char byte = 0;
  EXPECT_EQ(read_some(pipe.write.get(), &byte, 1).state, State::closed);
  EXPECT_EQ(read_some(pipe.read.get(), &byte, 1).state, State::moved);
}

TEST_F(PipeTest, one_of_sockets_whose_reader_leaves_bytes_unread_is_closed) {
  Pipe pipe = make_socket_pipe();
  EXPECT_TRUE(write_one(pipe.write.get()));
  pipe.read.reset();
  EXPECT_FALSE(write_one(pipe.write.get()));
  EXPECT_FALSE(write_all(pipe.write.get(), std::as_bytes(std::span("text"))));
  EXPECT_FALSE(sigpipe_is_pending());
}

TEST_F(PipeTest, sending_to_a_reader_that_refuses_is_a_value_and_raises_no_signal) {
  const Pipe pipe = make_socket_pipe();
  EXPECT_TRUE(send_one(pipe.write.get()));
  ::shutdown(pipe.read.get(), SHUT_RDWR);
  EXPECT_FALSE(send_one(pipe.write.get()));
  EXPECT_FALSE(send_all(pipe.write.get(), std::as_bytes(std::span("text"))));
  EXPECT_FALSE(sigpipe_is_pending());
}

TEST_F(PipeTest, nothing_is_sent_to_a_file) {
  const Descriptor file(::open("/dev/null", O_RDWR | O_CLOEXEC));
  EXPECT_EQ(error_of(send_one, file.get()), ENOTSOCK);
}

Transfer receive_one(const Pipe& pipe) {
  std::byte byte{};
  return receive_some(pipe.read.get(), {&byte, 1});
}

TEST_F(PipeTest, receiving_says_what_reading_does) {
  Pipe pipe = make_socket_pipe();
  EXPECT_EQ(receive_one(pipe).state, State::would_block);
  write_one(pipe.write.get());
  EXPECT_EQ(receive_one(pipe).state, State::moved);
  pipe.write.reset();
  EXPECT_EQ(receive_one(pipe).state, State::closed);
}

TEST_F(PipeTest, descriptors_that_come_with_bytes_are_closed_and_said) {
  Pipe pipe = make_socket_pipe();
  pipe.read.set_foreign();
  Pipe other = make_pipe();
  const std::vector<int> many(most_rights, other.write.get());
  ASSERT_TRUE(testing::send_raw(pipe.write.get(), "x", 1, many));
  other.write.reset();
  const Transfer done = receive_one(pipe);
  EXPECT_EQ(done.state, State::failed);
  EXPECT_EQ(done.error, EBADMSG);
  char byte = 0;
  EXPECT_EQ(read_some(other.read.get(), &byte, 1).state, State::closed);  // none is left
}

TEST_F(PipeTest, an_interrupted_read_is_taken_up_again) {
  static int interruptions;
  interruptions = 2;
  const SystemCalls saved = system_calls();
  system_calls().read = [](int descriptor, void* target, std::size_t size) -> ssize_t {
    if (interruptions-- > 0) return errno = EINTR, -1;
    return ::read(descriptor, target, size);
  };
  const Pipe pipe = make_pipe();
  write_one(pipe.write.get());
  char byte = 0;
  const Transfer done = read_some(pipe.read.get(), &byte, 1);
  system_calls() = saved;
  EXPECT_EQ(done.state, State::moved);
  EXPECT_EQ(byte, 'x');
}

TEST_F(PipeTest, a_failure_carries_its_error) {
  EXPECT_EQ(error_of(write_one, -1), EBADF);
  char byte = 0;
  const Transfer done = read_some(-1, &byte, 1);
  EXPECT_EQ(done.state, State::failed);
  EXPECT_EQ(done.error, EBADF);
}

}  // namespace
}  // namespace brood::platform::pipe_test

#include "platform/descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>

#include <brood/errors.hpp>
#include "platform/mapping.hpp"
#include "platform/pipe.hpp"
#include "platform/process.hpp"
#include "platform/socket.hpp"
#include "support/in_child.hpp"
#include "support/leak_check.hpp"

namespace brood::platform::descriptor_test {
namespace {

using DescriptorTest = testing::LeakCheck;

bool close_on_exec(int number) { return (::fcntl(number, F_GETFD) & FD_CLOEXEC) != 0; }
bool private_and_high(const Descriptor& descriptor) {
  return descriptor.get() >= 3 && close_on_exec(descriptor.get());
}

TEST_F(DescriptorTest, a_descriptor_closes_what_it_owns) {
  int number = -1;
  {
    const Pipe pipe = make_pipe();
    number = pipe.read.get();
  }
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

TEST_F(DescriptorTest, a_moved_from_descriptor_owns_nothing) {
  Pipe pipe = make_pipe();
  const Descriptor moved = std::move(pipe.read);
  EXPECT_FALSE(pipe.read);
  EXPECT_TRUE(moved);
}

TEST_F(DescriptorTest, a_copy_has_at_least_the_wanted_number_and_is_closed_on_exec) {
  const Pipe pipe = make_pipe();
  const Descriptor copy = pipe.read.duplicate(40);
  EXPECT_GE(copy.get(), 40);
  EXPECT_TRUE(close_on_exec(copy.get()));
}

TEST_F(DescriptorTest, copying_a_closed_descriptor_throws) {
  EXPECT_THROW(Descriptor().duplicate(), SystemError);
}

TEST_F(DescriptorTest, nothing_takes_the_numbers_of_closed_standard_streams) {
  EXPECT_EQ(testing::in_child([] {
              for (const int number : {0, 1, 2}) ::close(number);
              const Pipe pipe = make_pipe();
              const SocketPair sockets = make_socket_pair();
              const Descriptor self = open_pidfd(::getpid());
              const SharedMapping memory = SharedMapping::create("test", 64);
              const int sent = pipe.read.get();
              if (!send_message(sockets.ours.get(), std::as_bytes(std::span("x")), {&sent, 1}))
                return 1;
              const std::optional<Message> message = receive_message(sockets.theirs.get());
              if (!private_and_high(message->descriptors.at(0))) return 2;
              if (!private_and_high(pipe.read) || !private_and_high(pipe.write)) return 3;
              if (!private_and_high(sockets.ours) || !private_and_high(sockets.theirs)) return 4;
              if (!private_and_high(self) || !private_and_high(memory.descriptor())) return 5;
              for (const int number : {0, 1, 2}) {
                if (::fcntl(number, F_GETFD) != -1) return 6;
              }
              return 0;
            }),
            0);
}

}  // namespace
}  // namespace brood::platform::descriptor_test

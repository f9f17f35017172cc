#include "transfer/descriptor_channel.hpp"

#include <sys/socket.h>

#include <brood/errors.hpp>
#include "platform/socket.hpp"
#include "support/leak_check.hpp"
#include "transfer/shared_descriptor.hpp"

namespace brood::transfer::descriptor_channel_test {
namespace {

using platform::make_socket_pair;
using platform::SendState;
using platform::SocketPair;

class DescriptorChannelTest : public testing::LeakCheck {
 protected:
  /// One end of a pair, and at the other end so many messages of one descriptor for a group.
  static SocketPair filled(int messages, std::uint64_t group) {
    SocketPair pair = make_socket_pair();
    const int room = 1 << 20;
    EXPECT_EQ(::setsockopt(pair.ours.get(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room), 0);
    const detail::DescriptorRef one = share_descriptor(std::move(make_socket_pair().ours),
                                                       detail::SharedDescriptor::Kind::memory);
    for (int i = 0; i < messages; ++i) {
      std::span<const detail::DescriptorRef> left(&one, 1);
      EXPECT_EQ(send_descriptors(pair.ours.get(), group, left), SendState::sent) << i;
    }
    return pair;
  }
};

TEST_F(DescriptorChannelTest, takes_out_what_was_enclosed) {
  SocketPair pair = filled(40, 0);
  EXPECT_EQ(look_into(pair.theirs.get())->size(), 40U);
  EXPECT_EQ(look_into(pair.theirs.get())->size(), 40U);
  EXPECT_EQ(take_out(std::move(pair.theirs)).size(), 40U);
}

// Its sender may go on filling it for as long as it is read.
TEST_F(DescriptorChannelTest, reads_no_more_than_can_have_been_enclosed) {
  SocketPair pair = filled(300, 0);
  EXPECT_TRUE(look_into(pair.theirs.get())->empty());
  EXPECT_THROW(take_out(std::move(pair.theirs)), CodecError);
}

TEST_F(DescriptorChannelTest, takes_out_nothing_that_was_not_enclosed) {
  SocketPair pair = filled(3, 7);
  EXPECT_TRUE(look_into(pair.theirs.get())->empty());
  EXPECT_THROW(take_out(std::move(pair.theirs)), CodecError);
}

TEST_F(DescriptorChannelTest, encloses_no_more_than_is_taken_out) {
  const detail::DescriptorRef one =
      share_descriptor(std::move(make_socket_pair().ours), detail::SharedDescriptor::Kind::memory);
  EXPECT_THROW(enclose(std::vector(5000, one), "a test"), CodecError);
}

}  // namespace
}  // namespace brood::transfer::descriptor_channel_test

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include <brood/errors.hpp>
#include "platform/mapping.hpp"
#include "protocol/result_ring.hpp"

namespace brood::protocol::result_ring_test {
namespace {

constexpr std::size_t size = WorkerPage::buffer_size;
constexpr std::uint64_t most = ~std::uint64_t{0};

class ResultRingTest : public ::testing::Test {
 protected:
  /// The worker has told so many bytes, and is filling a frame behind them.
  void show(std::uint64_t closed, std::uint64_t head) {
    page.closed = closed;
    page.head = head;
  }
  std::size_t read(std::size_t room = 2 * size) {
    bytes.resize(room);
    return ring.read(page, bytes);
  }
  std::optional<std::span<const std::byte>> open_frame() { return ring.open_frame(page, storage); }

  platform::SharedMapping memory =
      platform::SharedMapping::create("test", page_size, {size, rings_in_page});
  WorkerPage& page = *static_cast<WorkerPage*>(memory.data());
  ResultRing ring;
  std::vector<std::byte> bytes, storage;
};

TEST_F(ResultRingTest, what_has_been_told_is_read_once) {
  EXPECT_EQ(ring.unread(page), 0U);
  EXPECT_FALSE(ring.has_unread(page));
  page.results.bytes[0] = std::byte{7};
  show(40, 40);
  EXPECT_TRUE(ring.has_unread(page));
  EXPECT_EQ(read(16), 16U);
  EXPECT_EQ(bytes[0], std::byte{7});
  EXPECT_EQ(page.tail.load(), 16U);
  EXPECT_EQ(read(), 24U);
  EXPECT_EQ(read(), 0U);
  EXPECT_FALSE(ring.has_unread(page));
}

TEST_F(ResultRingTest, what_lies_across_the_end_of_the_ring_is_in_one_piece) {
  show(size - 2, size - 2);
  read();
  page.results.bytes[size - 2] = std::byte{1};
  page.results.bytes[1] = std::byte{4};
  show(size + 2, size + 2);
  ASSERT_EQ(read(), 4U);
  EXPECT_EQ(bytes[0], std::byte{1});
  EXPECT_EQ(bytes[3], std::byte{4});
}

TEST_F(ResultRingTest, a_frame_that_is_being_filled_is_not_read_before_it_is_closed) {
  show(8, 20);
  EXPECT_FALSE(open_frame());  // something is in front of it
  EXPECT_EQ(read(), 8U);
  ASSERT_TRUE(open_frame());
  EXPECT_EQ(open_frame()->size(), 12U);
  show(30, 30);
  EXPECT_FALSE(open_frame());
  EXPECT_EQ(read(), 22U);
  EXPECT_FALSE(open_frame());
}

// The end of a frame is two stores.
TEST_F(ResultRingTest, between_the_stores_of_its_end_a_frame_is_closed) {
  show(30, 20);
  EXPECT_FALSE(open_frame());
  EXPECT_EQ(read(), 30U);
  EXPECT_FALSE(open_frame());
}

TEST_F(ResultRingTest, more_than_there_is_room_for_is_refused) {
  show(size, size);
  EXPECT_EQ(ring.unread(page), size);
  for (const std::uint64_t closed : {std::uint64_t{size + 1}, most}) {
    show(closed, closed);
    EXPECT_THROW(read(), CodecError);
    EXPECT_THROW(open_frame(), CodecError);
  }
}

TEST_F(ResultRingTest, an_open_frame_that_is_larger_than_the_ring_is_refused) {
  show(10, 10 + size);
  read();
  EXPECT_TRUE(open_frame());
  for (const std::uint64_t head : {std::uint64_t{11 + size}, most}) {
    show(10, head);
    EXPECT_THROW(open_frame(), CodecError);
  }
}

TEST_F(ResultRingTest, what_was_told_does_not_go_back) {
  show(40, 40);
  EXPECT_EQ(ring.unread(page), 40U);
  show(39, 39);
  EXPECT_THROW(read(), CodecError);
}

// Where the worker writes the word that is the owner's, it harms itself.
TEST_F(ResultRingTest, the_position_of_the_owner_is_not_read_from_the_page) {
  show(40, 40);
  page.tail = most;
  EXPECT_EQ(read(), 40U);
  EXPECT_EQ(page.tail.load(), 40U);
}

TEST_F(ResultRingTest, a_request_for_a_wake_up_tells_which_one_is_due) {
  using enum WakeUp;
  EXPECT_EQ(ResultRing::ask_for_wake_up(page, by_socket), none);
  EXPECT_EQ(ResultRing::ask_for_wake_up(page, by_socket), by_socket);
  EXPECT_EQ(ResultRing::ask_for_wake_up(page, by_futex), by_socket);
  page.owner_waits = 0;  // the worker has sent it
  EXPECT_EQ(ResultRing::ask_for_wake_up(page, by_socket), none);
}

}  // namespace
}  // namespace brood::protocol::result_ring_test

#include "wire/frame.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <brood/errors.hpp>
#include "support/feed.hpp"

namespace brood::wire::frame_test {
namespace {

using detail::Bytes;

void add_frame(Bytes& stream, std::uint16_t type, const std::string& payload) {
  const std::size_t position = begin_frame(stream, type);
  stream.append(payload.data(), payload.size());
  finish_frame(stream, position);
}

Bytes header_claiming(std::uint64_t length) {
  Bytes stream;
  FrameHeader header;
  header.type = 7;
  header.length = length;
  stream.append(&header, sizeof header);
  return stream;
}

std::string text_of(const Frame& frame) {
  return {reinterpret_cast<const char*>(frame.payload.data()), frame.payload.size()};
}

std::vector<std::string> all_frames(FrameParser& parser) {
  std::vector<std::string> texts;
  while (const auto frame = parser.next()) texts.push_back(text_of(*frame));
  return texts;
}

TEST(Frame, a_frame_comes_out_as_it_went_in) {
  Bytes stream;
  add_frame(stream, 42, "hello");
  FrameParser parser;
  testing::feed(parser, stream.view());
  const auto frame = parser.next();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->type, 42);
  EXPECT_EQ(text_of(*frame), "hello");
  EXPECT_FALSE(parser.next());
  EXPECT_EQ(parser.pending(), 0u);
}

TEST(Frame, a_stream_split_at_every_byte_is_reassembled) {
  Bytes stream;
  add_frame(stream, 1, "first");
  add_frame(stream, 2, "");
  add_frame(stream, 3, "third frame");
  for (std::size_t split = 0; split <= stream.size(); ++split) {
    FrameParser parser(16);
    testing::feed(parser, stream.view().first(split));
    auto texts = all_frames(parser);
    testing::feed(parser, stream.view().subspan(split));
    for (auto& text : all_frames(parser)) texts.push_back(std::move(text));
    EXPECT_EQ(texts, (std::vector<std::string>{"first", "", "third frame"})) << split;
  }
}

TEST(Frame, single_bytes_make_a_frame_exactly_when_the_last_arrives) {
  Bytes stream;
  add_frame(stream, 5, "payload");
  FrameParser parser;
  for (std::size_t i = 0; i + 1 < stream.size(); ++i) {
    testing::feed(parser, stream.view().subspan(i, 1));
    EXPECT_FALSE(parser.has_frame());
    EXPECT_FALSE(parser.next());
    EXPECT_EQ(parser.pending(), i + 1);
  }
  testing::feed(parser, stream.view().last(1));
  EXPECT_TRUE(parser.has_frame());
  EXPECT_TRUE(parser.next());
}

class FrameOfSize : public ::testing::TestWithParam<std::size_t> {};

TEST_P(FrameOfSize, passes_through_room_of_any_size) {
  std::string payload(GetParam(), '\0');
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(i * 31 >> 3);
  Bytes stream;
  add_frame(stream, 1, payload);
  add_frame(stream, 2, "after");
  FrameParser parser;
  std::size_t sent = 0;
  while (sent < stream.size()) {
    const std::span<std::byte> room = parser.room();
    ASSERT_FALSE(room.empty());
    const std::size_t count = std::min(room.size(), stream.size() - sent);
    std::memcpy(room.data(), stream.data() + sent, count);
    parser.filled(count);
    sent += count;
    ASSERT_EQ(parser.has_frame(), sent >= sizeof(FrameHeader) + payload.size());
  }
  const auto first = parser.next();
  ASSERT_TRUE(first);
  EXPECT_TRUE(text_of(*first) == payload);
  const auto second = parser.next();
  ASSERT_TRUE(second);
  EXPECT_EQ(text_of(*second), "after");
}

INSTANTIATE_TEST_SUITE_P(Sizes, FrameOfSize,
                         ::testing::Values(0u, 1u, 65535u, 65536u, 65537u, 262127u, 262128u,
                                           262129u, 16u << 20));

TEST(Frame, many_small_frames_do_not_grow_the_buffer) {
  Bytes stream;
  for (int i = 0; i < 1000; ++i)
    add_frame(stream, 1, std::string(static_cast<std::size_t>(i % 200), 'x'));
  FrameParser parser(1024);
  std::size_t seen = 0;
  for (std::size_t sent = 0; sent < stream.size();) {
    const auto room = parser.room();
    EXPECT_LE(room.size(), 1024u);
    const std::size_t count = std::min<std::size_t>({room.size(), stream.size() - sent, 300});
    testing::feed(parser, stream.view().subspan(sent, count));
    sent += count;
    seen += all_frames(parser).size();
  }
  EXPECT_EQ(seen, 1000u);
}

TEST(Frame, memory_grows_with_the_bytes_received_and_not_with_the_length_claimed) {
  const Bytes header = header_claiming(std::uint64_t{1} << 39);
  FrameParser parser(4096);
  testing::feed(parser, header.view());
  std::size_t received = header.size();
  while (received < (std::size_t{8} << 20)) {
    const auto room = parser.room();
    EXPECT_LE(received + room.size(), std::max<std::size_t>(4096, 2 * received));
    std::memset(room.data(), 0, room.size());
    parser.filled(room.size());
    received += room.size();
  }
  EXPECT_FALSE(parser.has_frame());
}

TEST(Frame, the_last_growth_ends_where_the_frame_does) {
  const std::size_t length = 5000;
  FrameParser parser(4096);
  testing::feed(parser, header_claiming(length).view());
  testing::feed(parser, std::vector<std::byte>(4096 - sizeof(FrameHeader)));
  EXPECT_EQ(parser.room().size(), length + sizeof(FrameHeader) - 4096);
}

TEST(Frame, a_payload_of_five_gibibytes_is_announced_in_full) {
  const std::uint64_t large = std::uint64_t{5} << 30;
  Bytes stream;
  const std::size_t position = begin_frame(stream, 1);
  stream.append("abc", 3);
  finish_frame(stream, position, large);
  FrameHeader header;
  std::memcpy(&header, stream.data(), sizeof header);
  EXPECT_EQ(header.length, large + 3);
  FrameParser parser;
  testing::feed(parser, stream.view());
  EXPECT_FALSE(parser.has_frame());
  EXPECT_FALSE(parser.next());
  EXPECT_LE(parser.room().size(), 256u * 1024);
}

TEST(Frame, a_frame_amid_others_in_a_buffer_keeps_their_bytes) {
  Bytes stream;
  stream.append("before", 6);
  const std::size_t position = begin_frame(stream, 9);
  EXPECT_EQ(position, 6u);
  stream.append("in", 2);
  finish_frame(stream, position);
  FrameParser parser;
  testing::feed(parser, stream.view().subspan(6));
  const auto frame = parser.next();
  ASSERT_TRUE(frame);
  EXPECT_EQ(text_of(*frame), "in");
}

TEST(Frame, a_length_over_the_limit_is_refused_with_the_limit) {
  for (const std::uint64_t length :
       {std::uint64_t{1001}, std::uint64_t{1} << 60, ~std::uint64_t{0}, ~std::uint64_t{0} - 15}) {
    FrameParser parser(64, 1000);
    testing::feed(parser, header_claiming(length).view());
    EXPECT_TRUE(parser.has_frame());
    try {
      parser.next();
      FAIL();
    } catch (const CodecError& error) {
      EXPECT_EQ(error.limit(), 1000u);
      EXPECT_NE(std::string(error.what()).find(std::to_string(length)), std::string::npos);
    }
    EXPECT_THROW(parser.next(), CodecError);
    EXPECT_FALSE(parser.room().empty());
  }
}

TEST(Frame, a_length_near_the_end_of_the_numbers_does_not_wrap) {
  FrameParser parser(64, ~std::uint64_t{0});
  testing::feed(parser, header_claiming(~std::uint64_t{0}).view());
  for (int i = 0; i < 100; ++i) testing::feed(parser, std::vector<std::byte>(10));
  EXPECT_FALSE(parser.has_frame());
  EXPECT_FALSE(parser.next());
}

TEST(Frame, a_wrong_magic_is_seen_at_the_first_header) {
  const std::string garbage = "GET / HTTP/1.1\r\n\r\n";
  FrameParser parser;
  testing::feed(parser, std::as_bytes(std::span(garbage)));
  EXPECT_THROW(parser.next(), CodecError);
}

TEST(Frame, shrink_gives_the_memory_of_a_large_frame_back_and_keeps_what_is_pending) {
  Bytes stream;
  add_frame(stream, 1, std::string(100000, 'x'));
  add_frame(stream, 2, "kept");
  FrameParser parser(1024);
  testing::feed(parser, stream.view());
  ASSERT_TRUE(parser.next());
  parser.shrink();
  EXPECT_LE(parser.room().size(), 1024u);
  const auto frame = parser.next();
  ASSERT_TRUE(frame);
  EXPECT_EQ(text_of(*frame), "kept");
}

TEST(FrameParser, a_large_frame_that_has_begun_is_handed_over) {
  Bytes stream;
  add_frame(stream, 3, std::string(1000, 'a'));
  add_frame(stream, 4, "next");
  FrameParser parser(64);
  testing::feed(parser, stream.view().first(500));
  EXPECT_FALSE(parser.unfinished(1001));
  const auto unfinished = parser.unfinished(1000);
  ASSERT_TRUE(unfinished);
  EXPECT_EQ(unfinished->frame.type, 3);
  EXPECT_EQ(unfinished->frame.payload.size() + unfinished->missing, 1000u);
  const std::size_t missing = unfinished->missing;
  parser.pass_over_unfinished();
  testing::feed(parser, stream.view().subspan(500 + missing));
  EXPECT_EQ(all_frames(parser), std::vector<std::string>{"next"});
}

TEST(FrameParser, a_whole_frame_is_not_unfinished) {
  Bytes stream;
  add_frame(stream, 3, std::string(1000, 'a'));
  FrameParser parser;
  testing::feed(parser, stream.view());
  EXPECT_FALSE(parser.unfinished(10));
}

TEST(FrameParser, an_unfinished_frame_beyond_the_limit_is_refused) {
  FrameParser parser(64, 100);
  testing::feed(parser, header_claiming(101).view());
  EXPECT_THROW(parser.unfinished(10), CodecError);
}

}  // namespace
}  // namespace brood::wire::frame_test

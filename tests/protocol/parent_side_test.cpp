#include <gtest/gtest.h>

#include <brood/errors.hpp>
#include "stream.hpp"

namespace brood::protocol::parent_side_test {
namespace {

class ParentSideTest : public ::testing::Test {
 protected:
  void receive(std::span<const std::byte> bytes) {
    testing::feed(side.stream(), bytes);
    side.parse(events);
  }
  ParentSide side{1 << 20, ParentSide::Stage::tasks};
  Events events;
};

TEST_F(ParentSideTest, a_stream_is_reported_in_its_order) {
  receive(Stream().results(0, 3).failed(3).texts(4, 2).folded(6, 4).log("hello").view());
  auto expected = elements(0, 10);
  expected[3].failed = true;
  EXPECT_EQ(events.outcomes, expected);
  EXPECT_EQ(events.logs, std::vector<std::string>{"hello"});
  EXPECT_EQ(side.resolved(), 10u);
}

TEST_F(ParentSideTest, a_stream_may_be_split_at_every_byte) {
  const Stream stream = Stream().results(0, 2).skipped(5).texts(5, 3).failed(8).log("x");
  for (std::size_t split = 0; split <= stream.size(); ++split) {
    ParentSide parts(1 << 20, ParentSide::Stage::tasks);
    Events seen;
    for (const auto part : {stream.view().first(split), stream.view().subspan(split)}) {
      testing::feed(parts.stream(), part);
      parts.parse(seen);
    }
    ASSERT_EQ(seen.outcomes.size(), 6u) << split;
    ASSERT_EQ(seen.fences, std::vector<std::uint64_t>{5}) << split;
    ASSERT_EQ(seen.logs.size(), 1u) << split;
  }
}

TEST_F(ParentSideTest, greeting_ready_and_start_failure_are_told) {
  detail::Bytes bytes;
  append_message(bytes, Type::greeting, GreetingHeader{});
  for (const Type end : {Type::ready, Type::start_failed}) {
    detail::Bytes whole(bytes.view());
    append_message(whole, end);
    ParentSide born(1 << 20);
    testing::feed(born.stream(), whole.view());
    born.parse(events);
  }
  EXPECT_EQ(events.greetings, 2);
  EXPECT_EQ(events.readies, 1);
  EXPECT_EQ(events.start_failures, 1);
}

TEST_F(ParentSideTest, results_out_of_sequence_are_an_error) {
  EXPECT_THROW(receive(Stream().results(1, 1).view()), CodecError);
}

TEST_F(ParentSideTest, a_failure_out_of_sequence_is_an_error) {
  EXPECT_THROW(receive(Stream().failed(2).view()), CodecError);
}

TEST_F(ParentSideTest, skipped_moves_the_sequence_on) {
  receive(Stream().results(0, 1).skipped(7).results(7, 1).view());
  EXPECT_EQ(events.outcomes, (std::vector<Events::Outcome>{{1, 0, 0, false}, {1, 7, 7, false}}));
}

TEST_F(ParentSideTest, a_frame_that_announces_more_than_it_has_is_an_error) {
  for (const bool variable : {false, true}) {
    Stream stream;
    variable ? stream.texts(0, 2) : stream.results(0, 2);
    std::vector<std::byte> bytes(stream.view().begin(), stream.view().end());
    const std::uint64_t lie = std::uint64_t{1} << 62;
    std::memcpy(bytes.data() + sizeof(wire::FrameHeader) + offsetof(ResultsHeader, count), &lie,
                sizeof lie);
    ParentSide fresh(1 << 20, ParentSide::Stage::tasks);
    testing::feed(fresh.stream(), bytes);
    EXPECT_THROW(fresh.parse(events), CodecError);
    EXPECT_TRUE(events.outcomes.empty());
  }
}

TEST_F(ParentSideTest, a_message_that_no_worker_sends_is_an_error) {
  detail::Bytes bytes;
  append_message(bytes, Type::run, RunHeader{});
  EXPECT_THROW(receive(bytes.view()), CodecError);
}

TEST_F(ParentSideTest, a_too_short_header_is_an_error) {
  detail::Bytes bytes;
  append_message(bytes, Type::results);
  EXPECT_THROW(receive(bytes.view()), CodecError);
}

TEST_F(ParentSideTest, a_message_over_the_limit_is_an_error) {
  ParentSide small(100, ParentSide::Stage::tasks);
  testing::feed(small.stream(), Stream().results(0, 20).view());
  EXPECT_THROW(small.parse(events), CodecError);
}

TEST_F(ParentSideTest, a_worker_may_die_at_every_byte_of_a_large_result) {
  const Stream before = Stream().results(0, 2);
  const Stream large = Stream().texts(200, 1);
  for (std::size_t written = 0; written < large.size(); ++written) {
    ParentSide dead(1 << 20, ParentSide::Stage::tasks);
    Events seen;
    testing::feed(dead.stream(), before.view());
    testing::feed(dead.stream(), large.view().first(written));
    dead.parse(seen);
    ASSERT_EQ(dead.is_between_frames(), written == 0) << written;
    ASSERT_EQ(seen.outcomes, elements(0, 2)) << written;
  }
}

TEST_F(ParentSideTest, an_open_frame_counts_its_whole_results) {
  for (const std::uint32_t stride : {std::uint32_t{8}, detail::variable_stride}) {
    for (std::uint64_t done = 0; done < 5; ++done) {
      ParentSide dead(1 << 20, ParentSide::Stage::tasks);
      Events seen;
      read_all(dead, Stream().results(0, 2).open(2, done, stride), seen);
      ASSERT_EQ(seen.outcomes, elements(0, 2 + done));
    }
  }
}

TEST_F(ParentSideTest, half_a_result_in_an_open_frame_is_none) {
  read_all(side, Stream().open(0, 3, detail::variable_stride).half(), events);
  EXPECT_EQ(events.outcomes, elements(0, 3));
}

TEST_F(ParentSideTest, a_frame_may_have_its_count_and_still_be_open) {
  Stream stream = Stream().results(0, 3);
  stream.open_at = 0;
  read_all(side, stream, events);
  EXPECT_EQ(events.outcomes, elements(0, 3));
}

TEST_F(ParentSideTest, an_open_frame_is_read_as_it_grows) {
  for (const std::uint32_t stride : {std::uint32_t{8}, detail::variable_stride}) {
    ParentSide living(1 << 20, ParentSide::Stage::tasks);
    Events seen;
    for (std::uint64_t done = 0; done <= 6; done += 2) {
      living.open_frame(Stream().open(0, done, stride).filling(), seen);
      ASSERT_EQ(seen.outcomes, elements(0, done));
    }
    Stream whole;
    testing::feed(living.stream(),
                  (stride == 8 ? whole.results(0, 10) : whole.texts(0, 10)).view());
    living.parse(seen);
    ASSERT_EQ(seen.outcomes, elements(0, 10));
    EXPECT_EQ(seen.elapsed, 40u);  // of the four that the open frame has not told
    const Stream again = stride == 8 ? Stream().results(0, 10) : Stream().texts(0, 10);
    EXPECT_EQ(seen.bytes.size(), again.size() - sizeof(wire::FrameHeader) - sizeof(ResultsHeader));
  }
}

TEST_F(ParentSideTest, a_folded_result_that_is_half_known_is_an_error) {
  receive(Stream().results(0, 2).view());
  EXPECT_THROW(receive(Stream().folded(1, 3).view()), CodecError);
}

}  // namespace
}  // namespace brood::protocol::parent_side_test

#include <gtest/gtest.h>

#include <brood/errors.hpp>
#include "stream.hpp"

namespace brood::protocol::parent_side_test {
namespace {

class ParentSideTest : public ::testing::Test {
 protected:
  void receive(std::span<const std::byte> bytes) {
    side.stream().feed(bytes);
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
      parts.stream().feed(part);
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
    born.stream().feed(whole.view());
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
    fresh.stream().feed(bytes);
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
  small.stream().feed(Stream().results(0, 20).view());
  EXPECT_THROW(small.parse(events), CodecError);
}

TEST_F(ParentSideTest, a_dead_workers_page_is_read_behind_its_pipe) {
  receive(Stream().results(0, 2).view());
  side.finish(Stream().failed(2).results(3, 2).page(side.stream().received()), events);
  EXPECT_EQ(events.outcomes.size(), 5u);
}

TEST_F(ParentSideTest, a_worker_may_die_at_every_byte_of_a_flush) {
  const Stream before = Stream().results(0, 2);
  const Stream page = Stream().texts(2, 3).failed(5).results(6, 2).log("last words");
  for (std::size_t written = 0; written <= page.size(); ++written) {
    ParentSide dead(1 << 20, ParentSide::Stage::tasks);
    Events seen;
    dead.stream().feed(before.view());
    dead.stream().feed(page.view().first(written));
    dead.parse(seen);
    dead.finish(page.page(before.size()), seen);
    auto expected = elements(0, 8);
    expected[5].failed = true;
    ASSERT_EQ(seen.outcomes, expected) << written;
    ASSERT_EQ(seen.logs.size(), 1u) << written;
  }
}

TEST_F(ParentSideTest, a_worker_may_die_between_the_two_stores_of_a_flush) {
  const Stream page = Stream().results(0, 3);
  receive(page.view());
  side.finish({0, std::nullopt, {}}, events);
  EXPECT_EQ(events.outcomes, elements(0, 3));
}

TEST_F(ParentSideTest, a_worker_may_die_at_every_byte_of_a_large_result) {
  const Stream before = Stream().results(0, 2);
  const Stream large = Stream().texts(200, 1);
  for (std::size_t written = 0; written < large.size(); ++written) {
    ParentSide dead(1 << 20, ParentSide::Stage::tasks);
    Events seen;
    dead.stream().feed(before.view());
    dead.stream().feed(large.view().first(written));
    dead.parse(seen);
    dead.finish({before.size(), std::nullopt, {}}, seen);
    ASSERT_EQ(seen.outcomes, elements(0, 2)) << written;
  }
}

TEST_F(ParentSideTest, an_open_frame_counts_its_whole_results) {
  for (const std::uint32_t stride : {std::uint32_t{8}, detail::variable_stride}) {
    for (std::uint64_t done = 0; done < 5; ++done) {
      ParentSide dead(1 << 20, ParentSide::Stage::tasks);
      Events seen;
      dead.finish(Stream().results(0, 2).open(2, done, stride).page(), seen);
      ASSERT_EQ(seen.outcomes, elements(0, 2 + done));
    }
  }
}

TEST_F(ParentSideTest, half_a_result_in_an_open_frame_is_none) {
  side.finish(Stream().open(0, 3, detail::variable_stride).half().page(), events);
  EXPECT_EQ(events.outcomes, elements(0, 3));
}

TEST_F(ParentSideTest, a_frame_may_be_open_before_its_header_counts) {
  Stream stream = Stream().results(0, 1);
  stream.open_at = stream.size();
  side.finish(stream.page(), events);
  EXPECT_EQ(events.outcomes, elements(0, 1));
}

TEST_F(ParentSideTest, a_frame_may_be_closed_and_still_marked_open) {
  Stream stream = Stream().results(0, 3);
  stream.open_at = 0;
  side.finish(stream.page(), events);
  EXPECT_EQ(events.outcomes, elements(0, 3));
}

TEST_F(ParentSideTest, what_was_read_is_not_told_again_by_the_pipe) {
  const Stream page = Stream().results(0, 2).skipped(4).log("once").failed(4).folded(5, 2);
  side.read_page(page.page(), events);
  side.read_page(page.page(), events);
  EXPECT_EQ(events.outcomes.size(), 5u);
  receive(page.view());
  receive(Stream().results(7, 1).view());
  EXPECT_EQ(events.outcomes.size(), 6u);
  EXPECT_EQ(events.fences, std::vector<std::uint64_t>{4});
  EXPECT_EQ(events.logs.size(), 1u);
}

TEST_F(ParentSideTest, an_open_frame_is_read_as_it_grows) {
  for (const std::uint32_t stride : {std::uint32_t{8}, detail::variable_stride}) {
    ParentSide living(1 << 20, ParentSide::Stage::tasks);
    Events seen;
    for (std::uint64_t done = 0; done <= 6; done += 2) {
      living.read_page(Stream().open(0, done, stride).page(), seen);
      ASSERT_EQ(seen.outcomes, elements(0, done));
    }
    Stream whole;
    living.stream().feed((stride == 8 ? whole.results(0, 10) : whole.texts(0, 10)).view());
    living.parse(seen);
    ASSERT_EQ(seen.outcomes, elements(0, 10));
    EXPECT_EQ(seen.elapsed, 40u);  // of the four that the page has not told
    const Stream again = stride == 8 ? Stream().results(0, 10) : Stream().texts(0, 10);
    EXPECT_EQ(seen.bytes.size(), again.size() - sizeof(wire::FrameHeader) - sizeof(ResultsHeader));
  }
}

TEST_F(ParentSideTest, a_page_whose_predecessor_is_on_its_way_is_not_read) {
  const Stream first = Stream().results(0, 2);
  const Stream page = Stream().results(2, 2);
  side.read_page(page.page(first.size()), events);
  EXPECT_TRUE(events.outcomes.empty());
  side.stream().feed(first.view().first(10));
  side.parse(events);
  side.read_page(page.page(first.size()), events);
  EXPECT_TRUE(events.outcomes.empty());
  receive(first.view().subspan(10));
  side.read_page(page.page(first.size()), events);
  EXPECT_EQ(events.outcomes, elements(0, 4));
}

TEST_F(ParentSideTest, a_folded_result_that_is_half_known_is_an_error) {
  receive(Stream().results(0, 2).view());
  EXPECT_THROW(receive(Stream().folded(1, 3).view()), CodecError);
}

}  // namespace
}  // namespace brood::protocol::parent_side_test

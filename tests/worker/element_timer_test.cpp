#include "worker/element_timer.hpp"

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

namespace brood::worker::element_timer_test {
namespace {

using Mode = ElementTimer::Mode;

/// Runs elements of some length through a timer, as a result stream does.
struct Chunk {
  explicit Chunk(std::uint64_t first = 0) : position(first) { timer.begin_chunk(first, now); }

  void run(std::uint64_t length) {
    if (mode != Mode::passing && left == 0) timer.begin(position, now);
    now += length;
    ++position;
    if (left != 0) {
      --left;
      return;
    }
    timer.end(now);
    mode = timer.next(position, now);
    if (mode == Mode::passing) left = timer.step() - 2;
    if (timer.is_due(now)) take();
  }
  void take() {
    rows.insert(rows.end(), timer.rows().begin(), timer.rows().end());
    timer.taken();
  }

  ElementTimer timer{128};
  std::vector<protocol::ElementTimes> rows;
  std::uint64_t now = 1000, position = 0, left = 0;
  Mode mode = Mode::all;
};

TEST(ElementTimer, tells_of_each_element_that_is_longer_than_a_microsecond) {
  Chunk chunk;
  for (int i = 0; i < 1000; ++i) chunk.run(1100);
  chunk.take();
  ASSERT_EQ(chunk.rows.size(), 1000u);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(chunk.rows[i].sequence, i);
    EXPECT_EQ(chunk.rows[i].begun, 1000 + 1100 * i);
    EXPECT_EQ(chunk.rows[i].encoded - chunk.rows[i].begun, 1100u);
  }
}

TEST(ElementTimer, tells_of_one_in_a_microsecond_where_they_are_shorter) {
  Chunk chunk;
  for (int i = 0; i < 100'000; ++i) chunk.run(10);
  chunk.take();
  EXPECT_LT(chunk.rows.size(), 2000u);
  EXPECT_GT(chunk.rows.size(), 500u);
  for (std::size_t i = 1; i < chunk.rows.size(); ++i)
    EXPECT_GT(chunk.rows[i].sequence, chunk.rows[i - 1].sequence);
}

TEST(ElementTimer, tells_of_each_again_when_they_have_become_longer) {
  Chunk chunk;
  for (int i = 0; i < 10'000; ++i) chunk.run(10);
  for (int i = 0; i < 2000; ++i) chunk.run(50'000);
  chunk.take();
  EXPECT_EQ(chunk.rows.back().sequence, 11'999u);
  EXPECT_EQ(chunk.rows[chunk.rows.size() - 500].sequence, 11'500u);
}

TEST(ElementTimer, tells_of_the_first_elements_of_every_chunk) {
  Chunk chunk(500);
  for (int i = 0; i < 16; ++i) chunk.run(1);
  chunk.take();
  EXPECT_EQ(chunk.rows.size(), 16u);
  EXPECT_EQ(chunk.rows.front().sequence, 500u);
}

TEST(ElementTimer, tells_stages_in_order_also_where_none_was_noted) {
  ElementTimer timer(8);
  timer.begin_chunk(0, 100);
  timer.begin(0, 110);
  timer.decoded(120);
  timer.ran(130);
  timer.end(140);
  timer.begin(1, 150);
  timer.fail(1, 160);
  ASSERT_EQ(timer.rows().size(), 2u);
  const auto& full = timer.rows()[0];
  EXPECT_EQ(full.running, 120u);
  EXPECT_EQ(full.encoding, 130u);
  const auto& bare = timer.rows()[1];
  EXPECT_EQ(bare.running, 150u);
  EXPECT_EQ(bare.encoding, 160u);
  EXPECT_EQ(bare.encoded, 160u);
}

TEST(ElementTimer, tells_of_a_failure_among_those_that_are_passed_over) {
  Chunk chunk;
  while (chunk.mode != Mode::passing) chunk.run(10);
  chunk.take();
  chunk.timer.fail(chunk.position, chunk.now + 5);
  chunk.take();
  EXPECT_EQ(chunk.rows.back().sequence, chunk.position);
  EXPECT_EQ(chunk.rows.back().encoded, chunk.now + 5);
}

TEST(ElementTimer, ends_an_element_of_a_fold_where_the_next_begins) {
  ElementTimer timer(8);
  timer.begin_chunk(0, 0);
  timer.begin(0, 10);
  timer.end_before(0, 15);
  EXPECT_TRUE(timer.rows().empty());
  timer.end_before(1, 20);
  ASSERT_EQ(timer.rows().size(), 1u);
  EXPECT_EQ(timer.rows()[0].encoded, 20u);
}

TEST(ElementTimer, wants_to_tell_when_it_is_full_or_late) {
  ElementTimer timer(2);
  timer.begin_chunk(0, 0);
  timer.begin(0, 10);
  timer.end(20);
  EXPECT_FALSE(timer.is_due(30));
  EXPECT_TRUE(timer.is_due(1'000'000));
  timer.begin(1, 30);
  timer.end(40);
  EXPECT_TRUE(timer.is_due(41));
  timer.taken();
  EXPECT_FALSE(timer.is_due(1'000'000));
}

TEST(ElementTimer, forgets_an_element_that_a_chunk_did_not_come_to) {
  ElementTimer timer(2);
  timer.begin_chunk(0, 0);
  timer.begin(0, 10);
  timer.end_chunk();
  timer.begin_chunk(1, 20);
  timer.end(30);
  EXPECT_TRUE(timer.rows().empty());
}

}  // namespace
}  // namespace brood::worker::element_timer_test

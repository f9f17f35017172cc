#include "pool/calls/log_queue.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace brood::pool::log_queue_test {
namespace {

using SourceRef = LogQueue::SourceRef;

SourceRef source(const std::string& name) { return std::make_shared<LogQueue::Source>(name); }

/// Records passed on and records told as dropped.
struct Count {
  std::uint64_t passed = 0, dropped = 0, lines = 0;
};
Count empty_out(LogQueue& queue) {
  Count count;
  while (!queue.empty()) {
    const LogQueue::Line line = queue.pop();
    count.passed += line.record.has_value();
    for (const std::uint64_t dropped : {line.dropped_before, line.dropped_after}) {
      count.dropped += dropped;
      count.lines += dropped != 0;
    }
  }
  return count;
}

TEST(LogQueue, keeps_the_order_and_the_texts) {
  LogQueue queue;
  const SourceRef one = source("one"), other = source("other");
  queue.push(one, {1, "a", "first"});
  queue.push(other, {2, "b", "second"});
  const LogQueue::Line line = queue.pop();
  EXPECT_EQ(line.source, one);
  EXPECT_EQ(line.record->text, "first");
  EXPECT_EQ(queue.pop().record->text, "second");
  EXPECT_TRUE(queue.empty());
}

TEST(LogQueue, drops_and_counts_what_one_source_has_no_room_for) {
  LogQueue queue;
  const SourceRef one = source("one"), other = source("other");
  const std::string text(1 << 20, 'x');
  for (int i = 0; i < 100; ++i) queue.push(one, {0, "", text});
  queue.push(other, {0, "", "small"});
  const Count count = empty_out(queue);
  EXPECT_EQ(count.passed + count.dropped, 101U);
  EXPECT_LE(count.passed, 17U);
  EXPECT_GE(count.passed, 15U);
  EXPECT_EQ(count.lines, 1U);
}

TEST(LogQueue, tells_what_was_dropped_before_the_next_record_of_that_source) {
  LogQueue queue;
  const SourceRef one = source("one");
  const std::string half(9 << 20, 'x');
  queue.push(one, {0, "", half});
  queue.push(one, {0, "", half});  // no room
  queue.push(one, {0, "", "x"});   // not before half of it is free again
  EXPECT_EQ(queue.pop().dropped_after, 2U);
  queue.push(one, {0, "", half});
  queue.push(one, {0, "", half});
  queue.push(one, {0, "", "x"});
  const Count count = empty_out(queue);  // 9 MiB are more than half of the room
  EXPECT_EQ(count.dropped, 2U);
  EXPECT_EQ(count.passed, 1U);
}

TEST(LogQueue, gives_all_sources_together_a_bound) {
  LogQueue queue;
  const std::string text(1 << 20, 'x');
  std::vector<SourceRef> sources;
  for (int i = 0; i < 20; ++i) sources.push_back(source(std::to_string(i)));
  for (int i = 0; i < 15; ++i) {
    for (const SourceRef& each : sources) queue.push(each, {0, "", text});
  }
  const Count count = empty_out(queue);
  EXPECT_EQ(count.passed + count.dropped, 300U);
  EXPECT_LE(count.passed, 64U);
  EXPECT_EQ(count.lines, 20U);
}

TEST(LogQueue, tells_of_a_source_that_found_no_room_at_all) {
  LogQueue queue;
  const SourceRef one = source("one");
  for (int i = 0; i < 3; ++i) queue.push(one, {0, "", std::string(17 << 20, 'x')});
  const Count count = empty_out(queue);
  EXPECT_EQ(count.dropped, 3U);
  EXPECT_EQ(count.lines, 1U);
}

TEST(LogQueue, counts_what_is_dropped_at_the_end) {
  LogQueue queue;
  const SourceRef one = source("one"), other = source("other");
  for (int i = 0; i < 10; ++i) queue.push(one, {0, "", "x"});
  for (int i = 0; i < 5; ++i) queue.push(other, {0, "", "x"});
  queue.pop();
  queue.drop_all();
  const Count count = empty_out(queue);
  EXPECT_EQ(count.passed, 0U);
  EXPECT_EQ(count.dropped, 14U);
  EXPECT_EQ(count.lines, 2U);
}

}  // namespace
}  // namespace brood::pool::log_queue_test

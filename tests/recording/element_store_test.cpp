#include "pool/record/element_store.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace brood::pool::element_store_test {
namespace {

trace::TimelineElement element(std::uint64_t index, std::int64_t time, bool failed = false) {
  trace::TimelineElement made;
  made.index = index;
  made.begun = made.running = 0;
  made.encoding = made.encoded = time;
  made.outcome = failed ? 1 : 0;
  return made;
}

struct Filled {
  explicit Filled(std::size_t most) : store(most) {}
  bool add(std::uint64_t index, std::int64_t time, bool failed = false) {
    times.add(static_cast<std::uint64_t>(time));
    return store.add(element(index, time, failed), times);
  }
  std::set<std::uint64_t> indices() {
    std::set<std::uint64_t> all;
    for (const auto& one : store.elements()) all.insert(one.index);
    return all;
  }
  ElementStore store;
  Histogram times;
};

TEST(ElementStore, keeps_all_of_a_few) {
  Filled filled(1000);
  for (std::uint64_t i = 0; i < 1000; ++i) EXPECT_TRUE(filled.add(i, 5));
  EXPECT_EQ(filled.indices().size(), 1000u);
  EXPECT_EQ(filled.store.left_out(), 0u);
}

TEST(ElementStore, drops_no_failure_and_none_of_the_slowest) {
  Filled filled(1000);
  std::mt19937_64 random(3);
  std::set<std::uint64_t> special;
  constexpr std::uint64_t all = 200'000;
  for (std::uint64_t i = 0; i < all; ++i) {
    const bool failed = i % 997 == 5;
    const bool slow = i % 5003 == 7;
    if (failed || slow) special.insert(i);
    EXPECT_TRUE(filled.add(i,
                           slow ? 1'000'000 + static_cast<std::int64_t>(i)
                                : static_cast<std::int64_t>(random() % 1000),
                           failed));
    EXPECT_LE(filled.store.elements().size(), 1000u + 250u + all / 997 + 1);
  }
  const auto kept = filled.indices();
  EXPECT_TRUE(std::includes(kept.begin(), kept.end(), special.begin(), special.end()));
  EXPECT_EQ(kept.size() + filled.store.left_out(), all);
}

// Of each tenth of the run there are some.
TEST(ElementStore, thins_evenly_over_the_time) {
  Filled filled(1000);
  constexpr std::uint64_t all = 100'000;
  for (std::uint64_t i = 0; i < all; ++i) filled.add(i, 100);
  std::vector<std::size_t> tenths(10);
  for (const std::uint64_t index : filled.indices()) ++tenths[index / (all / 10)];
  const auto [least, most] = std::minmax_element(tenths.begin(), tenths.end());
  EXPECT_GE(*least, 30u);
  EXPECT_LE(*most, 3 * *least);
}

TEST(ElementStore, says_where_failures_alone_are_too_many) {
  Filled filled(100);
  for (std::uint64_t i = 0; i < 100; ++i) EXPECT_TRUE(filled.add(i, 5, true));
  EXPECT_FALSE(filled.add(100, 5, true));
  EXPECT_TRUE(filled.add(101, 5));
}

}  // namespace
}  // namespace brood::pool::element_store_test

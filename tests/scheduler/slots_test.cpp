#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "pool/scheduler/slot_heap.hpp"
#include "pool/scheduler/slot_set.hpp"

namespace brood::pool::slots_test {
namespace {

constexpr std::size_t slots = 70'000;  // more than one bit tells of

std::vector<WorkerId> members(const SlotSet& set) {
  std::vector<WorkerId> found;
  for (const WorkerId id : set) found.push_back(id);
  return found;
}

TEST(SlotSet, is_empty_at_first) {
  const SlotSet set(slots);
  EXPECT_TRUE(set.empty());
  EXPECT_FALSE(set.first());
  EXPECT_TRUE(members(set).empty());
  EXPECT_TRUE(members(SlotSet(0)).empty());
}

TEST(SlotSet, has_its_members_in_the_order_of_their_slots) {
  SlotSet set(slots);
  for (const WorkerId id : {69'999U, 0U, 63U, 64U, 4095U, 4096U, 8192U, 63U}) set.insert(id);
  EXPECT_EQ(members(set), (std::vector<WorkerId>{0, 63, 64, 4095, 4096, 8192, 69'999}));
  EXPECT_EQ(set.size(), 7U);
  set.erase(0);
  set.erase(0);
  set.erase(4096);
  EXPECT_EQ(set.first(), 63U);
  EXPECT_EQ(members(set), (std::vector<WorkerId>{63, 64, 4095, 8192, 69'999}));
  set.clear();
  EXPECT_TRUE(set.empty());
  EXPECT_TRUE(members(set).empty());
}

TEST(SlotSet, may_be_changed_by_a_walk) {
  SlotSet set(200);
  for (const WorkerId id : {1U, 2U, 100U, 150U}) set.insert(id);
  std::vector<WorkerId> seen;
  for (const WorkerId id : set) {
    seen.push_back(id);
    set.erase(id);
    set.erase(100);
    if (id == 2) set.insert(199);
  }
  EXPECT_EQ(seen, (std::vector<WorkerId>{1, 2, 150, 199}));
  EXPECT_TRUE(set.empty());
}

TEST(SlotSet, says_what_a_set_of_the_library_says) {
  std::mt19937 random(1);
  SlotSet set(slots);
  std::set<WorkerId> other;
  for (int i = 0; i < 20'000; ++i) {
    const auto id = static_cast<WorkerId>(random() % (i % 2 == 0 ? slots : 300));
    const bool is_in = random() % 2 == 0;
    set.set(id, is_in);
    if (is_in) other.insert(id);
    if (!is_in) other.erase(id);
    ASSERT_EQ(set.contains(id), is_in);
    ASSERT_EQ(set.size(), other.size());
  }
  EXPECT_EQ(members(set), std::vector<WorkerId>(other.begin(), other.end()));
}

const auto any = [](WorkerId) { return true; };

TEST(SlotHeap, is_empty_at_first) {
  const SlotHeap<int> heap(3);
  EXPECT_TRUE(heap.empty());
  EXPECT_FALSE(heap.least());
  EXPECT_FALSE(heap.first_below(100, any));
  EXPECT_TRUE(heap.up_to(100).empty());
}

TEST(SlotHeap, finds_the_least_key_and_of_equal_ones_the_lower_slot) {
  SlotHeap<int> heap(5);
  heap.put(4, 7);
  heap.put(3, 5);
  heap.put(1, 5);
  heap.put(0, 9);
  EXPECT_EQ(heap.least(), 5);
  EXPECT_EQ(heap.first_below(100, any), 1U);
  EXPECT_EQ(heap.first_below(100, [](WorkerId id) { return id != 1; }), 3U);
  EXPECT_EQ(heap.first_below(7, [](WorkerId id) { return id > 3; }), std::nullopt);
  EXPECT_EQ(heap.up_to(7), (std::vector<WorkerId>{1, 3, 4}));
  EXPECT_EQ(heap.all(), (std::vector<WorkerId>{0, 1, 3, 4}));
  heap.put(1, 8);
  heap.erase(3);
  heap.erase(3);
  EXPECT_EQ(heap.first_below(100, any), 4U);
  EXPECT_FALSE(heap.contains(3));
  EXPECT_EQ(heap.size(), 3U);
}

TEST(SlotHeap, says_what_a_walk_says) {
  std::mt19937 random(2);
  SlotHeap<int> heap(100);
  std::map<WorkerId, int> other;
  for (int i = 0; i < 20'000; ++i) {
    const auto id = static_cast<WorkerId>(random() % 100);
    const int key = static_cast<int>(random() % 50), limit = static_cast<int>(random() % 50);
    const bool is_in = random() % 3 != 0;
    heap.set(id, is_in, key);
    other.erase(id);
    if (is_in) other.emplace(id, key);
    const auto suits = [&](WorkerId one) { return (one + static_cast<unsigned>(i)) % 4 != 0; };
    std::optional<std::pair<int, WorkerId>> least;
    std::vector<WorkerId> below;
    for (const auto& [slot, its_key] : other) {
      if (its_key <= limit) below.push_back(slot);
      if (its_key >= limit || !suits(slot)) continue;
      least = least ? std::min(*least, std::pair(its_key, slot)) : std::pair(its_key, slot);
    }
    ASSERT_EQ(heap.size(), other.size());
    ASSERT_EQ(heap.up_to(limit), below);
    ASSERT_EQ(heap.first_below(limit, suits), least ? std::optional(least->second) : std::nullopt);
  }
}

}  // namespace
}  // namespace brood::pool::slots_test

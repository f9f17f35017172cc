#include <cereal/archives/binary.hpp>
#include <cereal/types/unordered_map.hpp>
#include <cereal/types/unordered_set.hpp>

#include <cstdint>
#include <sstream>
#include <string>
#include <utility>

#include <brood/codec.hpp>
#include "support/sanitizers.hpp"
#include "wire/written.hpp"

// Keys of hash tables, as honest and as hostile peers choose them.
namespace brood::testing::hash_tables_test {
namespace {

using Number = std::uint64_t;

/// How many buckets a table has that is decoded, when it holds that many.
enum class Growth : bool { in_steps, at_once };
std::uint64_t buckets(std::uint64_t count, Growth growth) {
  std::unordered_set<Number> set;
  if (growth == Growth::at_once) set.reserve(count);
  for (Number i = 0; i < count; ++i) set.insert(i);
  return set.bucket_count();
}

Written colliding_keys(std::uint64_t count) {
  Written written(count);
  const std::uint64_t step = buckets(count, Growth::at_once);
  for (std::uint64_t i = 0; i < count; ++i) written.add(i * step);
  return written;
}
Written colliding_items(std::uint64_t count) {
  Written written(count);
  const std::uint64_t step = buckets(count, Growth::in_steps);
  for (std::uint64_t i = 0; i < count; ++i) written.add(i * step).add(char{1});
  return written;
}

TEST(HashTables, refuse_keys_that_all_collide) {
  constexpr std::uint64_t count = 80'000;
  const Written keys = colliding_keys(count), items = colliding_items(count);
  const std::string why = "too many keys of a hash table collide";
  EXPECT_TRUE(contains(refusal<std::unordered_set<Number>>(keys.view()), why));
  EXPECT_TRUE(contains(refusal<std::unordered_multiset<Number>>(keys.view()), why));
  EXPECT_TRUE(contains(refusal<std::unordered_map<Number, char>>(items.view()), why));
  EXPECT_TRUE(contains(refusal<std::unordered_multimap<Number, char>>(items.view()), why));
}

// Each of them alone would be tolerable.
TEST(HashTables, refuse_many_tables_of_keys_that_collide) {
  constexpr std::uint64_t tables = 100, count = 4000;
  const std::uint64_t step = buckets(count, Growth::at_once);
  Written written(tables);
  for (std::uint64_t table = 0; table < tables; ++table) {
    written.add(count);
    for (std::uint64_t i = 0; i < count; ++i) written.add(i * step);
  }
  refusal<std::vector<std::unordered_set<Number>>>(written.view());
}

TEST(HashTables, take_a_million_numbers_and_texts) {
  const int count = under_sanitizer ? 100'000 : 1'000'000;
  std::unordered_set<int> numbers;
  std::unordered_map<std::int64_t, int> sparse;
  std::unordered_map<std::string, int> texts;
  for (int i = 0; i < count; ++i) {
    numbers.insert(i);
    sparse.emplace(std::int64_t{i} << 32, i);
    texts.emplace("key " + std::to_string(i), i);
  }
  EXPECT_EQ(there_and_back(numbers), numbers);
  EXPECT_EQ(there_and_back(sparse), sparse);
  EXPECT_EQ(there_and_back(texts), texts);
}

TEST(HashTables, take_equal_keys_in_any_number) {
  std::unordered_multimap<std::string, int> map;
  std::unordered_multiset<int> set;
  for (int i = 0; i < 100'000; ++i) {
    map.emplace("the same", i);
    map.emplace("another " + std::to_string(i), i);
    set.insert(7);
    set.insert(i % 10);
  }
  EXPECT_EQ(there_and_back(map), map);
  EXPECT_EQ(there_and_back(set), set);
}

struct Poor {
  int number = 0;
  bool operator==(const Poor&) const = default;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(number);
  }
};
struct PoorHash {
  std::size_t operator()(Poor key) const { return static_cast<std::size_t>(key.number % 50); }
};

TEST(HashTables, take_keys_with_a_poor_hash) {
  std::unordered_set<Poor, PoorHash> set;
  for (int i = 0; i < 20'000; ++i) set.insert({i});
  EXPECT_EQ(there_and_back(set), set);
}

TEST(HashTables, are_read_by_cereals_own_archives_as_before) {
  std::unordered_map<int, std::string> map{{1, "one"}, {2, "two"}}, found;
  std::unordered_multiset<int> set{1, 1, 2}, found_set;
  std::stringstream stream;
  cereal::BinaryOutputArchive{stream}(map, set);
  cereal::BinaryInputArchive{stream}(found, found_set);
  EXPECT_EQ(found, map);
  EXPECT_EQ(found_set, set);
}

}  // namespace
}  // namespace brood::testing::hash_tables_test

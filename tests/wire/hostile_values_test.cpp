#include <gtest/gtest.h>
#include <sys/resource.h>
#include <cereal/types/array.hpp>
#include <cereal/types/atomic.hpp>
#include <cereal/types/bitset.hpp>
#include <cereal/types/deque.hpp>
#include <cereal/types/forward_list.hpp>
#include <cereal/types/list.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/memory.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/set.hpp>
#include <cereal/types/unordered_map.hpp>
#include <cereal/types/unordered_set.hpp>
#include <cereal/types/valarray.hpp>
#include <cereal/types/variant.hpp>

#include <array>
#include <bitset>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <brood/codec.hpp>

#include "support/sanitizers.hpp"
#include "wire/written.hpp"

// Values with lengths, flags, indices and names that no encoder writes.
namespace hostile_values_test {

struct Nothing {
  friend bool operator<(Nothing, Nothing) { return false; }
};
struct Large {
  std::array<double, 512> numbers{};
  std::string text;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(text);
  }
};
// Of these nothing travels.
struct Silent {
  std::array<double, 512> numbers{};
  template <class Archive>
  void serialize(Archive&) {}
};
struct Switches {
  bool on[3] = {};
  template <class Archive>
  void serialize(Archive& archive) {
    archive(on);
  }
};
struct Lamp {
  std::atomic<bool> on = false;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(on);
  }
};

}  // namespace hostile_values_test

namespace brood::testing::hostile_values {
namespace {

using namespace hostile_values_test;

long peak_memory() {  // in KiB
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

// `count` inner containers, each of which claims `length` elements, and as many bytes behind them.
Written claims(std::uint64_t count, std::uint64_t length) {
  Written written(count);
  for (std::uint64_t i = 0; i < count; ++i) written.add(length);
  return written;
}

template <class T>
class EmptyElements : public ::testing::Test {};
using ContainersOfNothing =
    ::testing::Types<std::vector<std::vector<Nothing>>, std::vector<std::vector<Silent>>,
                     std::list<std::list<Silent>>, std::deque<std::deque<Silent>>,
                     std::vector<std::forward_list<Silent>>, std::vector<std::set<Nothing>>,
                     std::vector<std::map<Nothing, Nothing>>>;
TYPED_TEST_SUITE(EmptyElements, ContainersOfNothing);

// Without a limit: 100,000 times 400,000 elements, of bytes that fit into a megabyte.
TYPED_TEST(EmptyElements, are_counted_for_all_containers_together) {
  const long before = peak_memory();
  const std::string text = refusal<TypeParam>(claims(100'000, 400'000));
  EXPECT_TRUE(contains(text, "claim")) << text;
  if (!under_sanitizer) {
    EXPECT_LT(peak_memory() - before, 512 * 1024);
  }
}

TEST(HostileValues, a_few_empty_elements_are_allowed) {
  const std::vector<std::vector<Nothing>> value(60, std::vector<Nothing>(1000));
  const auto back = there_and_back(value);
  EXPECT_EQ(back.size(), 60u);
  EXPECT_EQ(back.back().size(), 1000u);
}

template <class T>
class LargeElements : public ::testing::Test {};
using ContainersOfLarge = ::testing::Types<std::vector<Large>, std::list<Large>, std::deque<Large>,
                                           std::forward_list<Large>, std::map<int, Large>>;
TYPED_TEST_SUITE(LargeElements, ContainersOfLarge);

// A million elements are claimed, and could be there; each is 4 KiB in memory.
TYPED_TEST(LargeElements, are_not_made_before_their_bytes_turn_up) {
  Written written(std::uint64_t{1'000'000});
  const std::string lying(1'000'000, '\xff');
  written.add(lying);
  const long before = peak_memory();
  refusal<TypeParam>(written);
  if (!under_sanitizer) {
    EXPECT_LT(peak_memory() - before, 64 * 1024);
  }
}

TEST(HostileValues, lists_of_all_kinds_come_back_equal) {
  const std::vector<std::string> texts{"one", "two", "three"};
  const std::deque<std::string> deque(texts.begin(), texts.end());
  const std::list<std::string> list(texts.begin(), texts.end());
  const std::forward_list<std::string> forward(texts.begin(), texts.end());
  EXPECT_EQ(there_and_back(deque), deque);
  EXPECT_EQ(there_and_back(list), list);
  EXPECT_EQ(there_and_back(forward), forward);
  EXPECT_EQ(there_and_back(std::list<int>{1, 2}), (std::list<int>{1, 2}));
}

TEST(HostileValues, a_byte_that_is_no_bool_is_refused_wherever_it_lies) {
  using Two = std::array<bool, 2>;
  EXPECT_TRUE(contains(refusal<Two>(Written('\1', '\2')), "bool"));
  EXPECT_TRUE(contains(refusal<Switches>(Written('\0', '\1', '\xff')), "bool"));
  refusal<std::vector<bool>>(Written(std::uint64_t{1}, '\2'));
  refusal<std::optional<int>>(Written('\2', 7));
  refusal<std::map<int, bool>>(Written(std::uint64_t{1}, 7, '\2'));
  EXPECT_EQ(decoded<Two>(Written('\1', '\0')), (Two{true, false}));
}

TEST(HostileValues, an_atomic_bool_is_checked_too) {
  const Written bytes('\2');
  Reader reader(bytes.view());
  Lamp lamp;
  EXPECT_THROW(detail::decode_into(reader, lamp), CodecError);
}

TEST(HostileValues, an_index_of_no_alternative_is_refused) {
  using Either = std::variant<int, std::string>;
  for (const std::int32_t index : {-1, 2, 1000, std::numeric_limits<std::int32_t>::min()})
    refusal<Either>(Written(index, std::uint64_t{0}));
}

TEST(HostileValues, a_bitset_in_a_form_that_there_is_not_is_refused) {
  refusal<std::bitset<12>>(Written('\4', std::uint64_t{0}));
  refusal<std::bitset<12>>(Written('\2', "no bits"));
  EXPECT_EQ(there_and_back(std::bitset<12>(0xabc)), std::bitset<12>(0xabc));
}

template <class T>
class LyingLengths : public ::testing::Test {};
using Others = ::testing::Types<std::set<int>, std::unordered_set<std::string>,
                                std::unordered_map<int, std::string>, std::multimap<int, int>,
                                std::valarray<double>, std::deque<int>, std::list<std::string>,
                                std::forward_list<int>, std::map<std::string, std::vector<int>>>;
TYPED_TEST_SUITE(LyingLengths, Others);

TYPED_TEST(LyingLengths, are_refused) {
  for (const std::uint64_t length :
       {std::uint64_t{1} << 60, std::uint64_t{1} << 61, ~std::uint64_t{0}, std::uint64_t{1} << 40,
        std::uint64_t{100'000}, std::uint64_t{200}})
    refusal<TypeParam>(Written(length, std::array<char, 100>{}));
}

}  // namespace
}  // namespace brood::testing::hostile_values

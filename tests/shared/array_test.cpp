#include <brood/array.hpp>

#include <algorithm>
#include <list>
#include <numeric>
#include <ranges>

#include "shared/children.hpp"
#include "support/faults.hpp"

namespace brood::testing::array_test {
namespace {

using ArrayTest = LeakCheck;

std::vector<int> numbers_to(int end) {
  std::vector<int> numbers(static_cast<std::size_t>(end));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

/// A range that can be walked once, and does not know its length.
class Once {
 public:
  struct Iterator {
    using value_type = int;
    using difference_type = std::ptrdiff_t;
    Once* range;
    int operator*() const { return range->next_; }
    Iterator& operator++() { return ++range->next_, *this; }
    void operator++(int) { ++range->next_; }
    bool operator==(std::default_sentinel_t) const { return range->next_ == 3; }
  };
  Iterator begin() { return {this}; }
  std::default_sentinel_t end() const { return {}; }

 private:
  int next_ = 0;
};
static_assert(std::ranges::contiguous_range<Array<int>> && std::ranges::sized_range<Array<int>>);
static_assert(std::ranges::contiguous_range<const ArraySlice<int>>);

TEST_F(ArrayTest, begins_as_its_type_does) {
  const Array<int> zeros(1000);
  EXPECT_EQ(std::ranges::count(zeros, 0), 1000);
  struct Three {
    int value = 3;
  };
  EXPECT_EQ(Array<Three>(5).back().value, 3);
  EXPECT_EQ(Array<int>(4, 7).front(), 7);
  EXPECT_EQ(Array<std::atomic<int>>(3)[2], 0);
}

TEST_F(ArrayTest, is_made_of_what_is_in_a_range) {
  EXPECT_EQ((Array<int>{1, 2, 3}.size()), 3U);
  const std::list<int> list{4, 5};
  EXPECT_TRUE(std::ranges::equal(Array<long>(list), list));
  EXPECT_TRUE(std::ranges::equal(Array(numbers_to(9)), numbers_to(9)));
  EXPECT_EQ(Array<int>(Once()).back(), 2);
  const Array copy(Array<int>{1});
  static_assert(std::is_same_v<decltype(copy), const Array<int>>);
}

TEST_F(ArrayTest, is_a_contiguous_range) {
  const Array<int> array{3, 1, 2};
  std::ranges::sort(array);
  const std::span<int> span(array);
  EXPECT_EQ(span.data(), array.data());
  EXPECT_EQ(span[2], 3);
  EXPECT_EQ(array.at(0), 1);
  EXPECT_THROW(array.at(3), std::out_of_range);
  EXPECT_EQ(std::accumulate(array.begin(), array.end(), 0), 6);
}

TEST_F(ArrayTest, can_be_empty) {
  const Array<int> none, zero(0), list(std::list<int>{});
  EXPECT_TRUE(none.empty() && zero.empty() && list.empty());
  EXPECT_EQ(none.begin(), none.end());
  EXPECT_TRUE(zero.slices(4).empty());
  EXPECT_EQ(received(zero).size(), 0U);
  EXPECT_THROW(received(none), CodecError);
  EXPECT_THROW(none.lock(), UsageError);
  const auto guard = zero.lock();
}

TEST_F(ArrayTest, too_large_an_array_is_refused) {
  EXPECT_THROW(Array<double>(static_cast<std::size_t>(-1)), UsageError);
  EXPECT_THROW(Array<char>(std::size_t{1} << 50), SystemError) << "no machine has that much";
  EXPECT_THROW(Array<char>(std::size_t{1} << 60), SystemError);
}

TEST_F(ArrayTest, that_there_is_no_memory_for_is_a_system_error_at_once) {
  const Fault fault{"fallocate_ENOSPC", faults::Failing<&platform::SystemCalls::fallocate>::install,
                    ENOSPC};
  const Injection injection(fault, 1);
  try {
    const Array<int> array(1000);
    FAIL();
  } catch (const SystemError& error) {
    EXPECT_EQ(error.code().value(), ENOSPC);
  }
}

TEST_F(ArrayTest, of_many_megabytes_is_the_same_in_another_process) {
  const Array<std::uint64_t> array(std::size_t{4} << 20);
  EXPECT_EQ(Child([&] { std::iota(array.begin(), array.end(), 0U); }).wait(), 0);
  EXPECT_EQ(array.back(), array.size() - 1);
  EXPECT_EQ(array[array.size() / 2], array.size() / 2);
}

TEST_F(ArrayTest, is_cut_into_slices_of_almost_the_same_size) {
  const Array<int> array(numbers_to(10));
  const auto parts = array.slices(4);
  ASSERT_EQ(parts.size(), 4U);
  std::vector<int> all;
  for (const ArraySlice<int>& part : parts) {
    EXPECT_GE(part.size(), 2U);
    EXPECT_LE(part.size(), 3U);
    EXPECT_EQ(part.data(), array.data() + part.first());
    all.insert(all.end(), part.begin(), part.end());
  }
  EXPECT_TRUE(std::ranges::equal(all, array));
  EXPECT_EQ(array.slices(100).size(), 10U);
  EXPECT_THROW(array.slices(0), UsageError);
}

TEST_F(ArrayTest, a_slice_is_within_the_array) {
  const Array<int> array(10);
  EXPECT_EQ(array.slice(10, 0).size(), 0U);
  EXPECT_THROW(array.slice(11, 0), UsageError);
  EXPECT_THROW(array.slice(5, 6), UsageError);
  EXPECT_THROW(array.slice(5, static_cast<std::size_t>(-1)), UsageError);
}

TEST_F(ArrayTest, slices_are_filled_in_place_by_others) {
  Array<int> array(1000);
  std::vector<ArraySlice<int>> parts = received(array.slices(8));
  array = Array<int>(array);
  const int* const data = array.data();
  std::vector<Child> all = children(8, [&](int i) {
    const ArraySlice<int>& part = parts[static_cast<std::size_t>(i)];
    std::iota(part.begin(), part.end(), static_cast<int>(part.first()));
    return 0;
  });
  expect_success(all);
  EXPECT_TRUE(std::ranges::equal(std::span(data, 1000), numbers_to(1000)));
}

TEST_F(ArrayTest, a_slice_keeps_the_array) {
  ArraySlice<int> slice;
  EXPECT_TRUE(slice.empty());
  slice = Array<int>{1, 2, 3}.slice(1, 2);
  EXPECT_EQ(slice.at(1), 3);
  const auto guard = slice.lock();
  EXPECT_EQ(received(slice).data(), slice.data());
}

TEST_F(ArrayTest, made_and_dropped_often_leaves_no_descriptors) {
  const auto before = descriptors_of("self");
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(Array<int>(100).slices(3).size(), 3U);
  EXPECT_EQ(descriptors_of("self"), before);
}

TEST_F(ArrayTest, bytes_of_another_type_are_refused) {
  detail::Bytes bytes;
  detail::encode_value(bytes, Array<int>(4));
  Reader reader(bytes.view());
  EXPECT_THROW(detail::decode_value<Array<double>>(reader), CodecError);
}

}  // namespace
}  // namespace brood::testing::array_test

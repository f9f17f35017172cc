#include <gtest/gtest.h>

#include <cereal/types/map.hpp>

#include <algorithm>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include <brood/codec.hpp>

// Values whose bytes are still on their way when their decoding begins.
namespace brood::supply_test {
namespace {

class Arriving final : public detail::Supply {
 public:
  explicit Arriving(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::size_t left() const noexcept override { return bytes_.size(); }
  void read(void* target, std::size_t count) override {
    ASSERT_LE(count, bytes_.size());
    std::memcpy(target, bytes_.data(), count);
    bytes_ = bytes_.subspan(count);
  }

 private:
  std::span<const std::byte> bytes_;
};

/// Decodes `value` with the first 0, 1, … bytes in memory and the rest on their way.
template <class T>
void comes_back_from_any_split(const T& value) {
  detail::Bytes bytes;
  detail::encode_value(bytes, value);
  const std::size_t step = std::max<std::size_t>(bytes.size() / 50, 1);
  for (std::size_t here = 0; here <= bytes.size(); here += step) {
    Arriving rest(bytes.view().subspan(here));
    Reader reader(bytes.view().first(here), &rest);
    EXPECT_EQ(reader.left(), bytes.size());
    EXPECT_TRUE(detail::decode_value<T>(reader) == value) << here;
    EXPECT_EQ(reader.left(), 0u);
  }
}

TEST(Supply, values_come_back_from_any_split) {
  std::vector<double> numbers(100'000);
  std::iota(numbers.begin(), numbers.end(), 0.5);
  comes_back_from_any_split(numbers);
  comes_back_from_any_split(std::string(300'000, 'x'));
  comes_back_from_any_split(std::u32string(100'000, U'x'));
  comes_back_from_any_split(std::tuple(1, std::string("text"), numbers, 2.5));
  comes_back_from_any_split(std::vector<std::vector<int>>(10, std::vector<int>(1000, 7)));
  comes_back_from_any_split(std::map<std::string, int>{{"one", 1}, {"two", 2}});
  comes_back_from_any_split(std::vector<bool>(1000, true));
}

TEST(Supply, a_large_vector_is_filled_through_a_block) {
  std::vector<int> numbers(3 << 20);
  std::iota(numbers.begin(), numbers.end(), 0);
  detail::Bytes bytes;
  detail::encode_value(bytes, numbers);
  Arriving rest(bytes.view().subspan(11));
  Reader reader(bytes.view().first(11), &rest);
  EXPECT_TRUE(detail::decode_value<std::vector<int>>(reader) == numbers);
}

TEST(Supply, a_length_beyond_what_will_arrive_is_refused_before_anything_is_allocated) {
  detail::Bytes bytes;
  detail::encode_value(bytes, std::vector<int>(100));
  const std::uint64_t claimed = std::uint64_t{1} << 60;
  std::memcpy(bytes.data(), &claimed, sizeof claimed);
  Arriving rest(bytes.view().subspan(8));
  Reader reader(bytes.view().first(8), &rest);
  EXPECT_THROW(detail::decode_value<std::vector<int>>(reader), CodecError);
}

TEST(Supply, taken_bytes_are_whole_across_the_split) {
  const detail::Bytes bytes(std::as_bytes(std::span("0123456789", 10)));
  Arriving rest(bytes.view().subspan(4));
  Reader reader(bytes.view().first(4), &rest);
  const auto first = reader.take(6);
  const auto second = reader.take(4);
  EXPECT_EQ(std::memcmp(first.data(), "012345", 6), 0);
  EXPECT_EQ(std::memcmp(second.data(), "6789", 4), 0);
  EXPECT_THROW(reader.take(1), CodecError);
}

}  // namespace
}  // namespace brood::supply_test

#include "trace/column.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "page_reader.hpp"

namespace brood::trace::column_test {
namespace {

namespace reader = brood::testing::trace;

template <class Column>
std::string written(const std::function<void(Column&)>& add) {
  std::string text;
  const TextSink sink = [&](std::string_view piece) { text += piece; };
  PieceWriter pieces(sink);
  Column column(pieces);
  add(column);
  column.finish();
  pieces.flush();
  return text;
}

std::string as_numbers(const std::vector<std::uint64_t>& numbers) {
  return written<ColumnWriter>([&](ColumnWriter& column) {
    for (const std::uint64_t number : numbers) column.add(number);
  });
}

TEST(TraceColumn, is_base64_as_others_write_it) {
  EXPECT_EQ(as_numbers({}), "");
  EXPECT_EQ(as_numbers({'M'}), "TQ==");
  EXPECT_EQ(as_numbers({'M', 'a'}), "TWE=");
  EXPECT_EQ(as_numbers({'M', 'a', 'n'}), "TWFu");
  EXPECT_EQ(as_numbers({624485}), "5Y4m");  // the example of LEB128's definition: E5 8E 26
}

TEST(TraceColumn, keeps_numbers_of_every_length) {
  std::vector<std::uint64_t> numbers{0};
  for (unsigned bit = 0; bit < 64; ++bit) {
    numbers.push_back(std::uint64_t{1} << bit);
    numbers.push_back((std::uint64_t{1} << bit) - 1);
  }
  numbers.push_back(std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(reader::numbers(as_numbers(numbers)), numbers);
}

TEST(TraceColumn, keeps_differences_and_what_is_unknown) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const std::vector<std::int64_t> times{5, 5, 4, -1, 1'000'000'007, most, 0, -1, most};
  const std::string text = written<DifferenceColumn>([&](DifferenceColumn& column) {
    for (const std::int64_t time : times) column.add(time);
  });
  EXPECT_EQ(reader::difference_column(text), times);
}

TEST(TraceColumn, keeps_differences_to_another_column) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const std::vector<std::int64_t> bases{10, -1, 20, most, 0};
  const std::vector<std::int64_t> times{12, 7, -1, 0, most};
  const std::string text = written<DifferenceColumn>([&](DifferenceColumn& column) {
    for (std::size_t i = 0; i < times.size(); ++i) column.add(times[i], bases[i]);
  });
  EXPECT_EQ(reader::difference_column(text, bases), times);
}

TEST(TraceColumn, keeps_runs) {
  std::vector<std::uint64_t> numbers{0, 0, 7, 7, 7, 0, 9};
  numbers.resize(1000, 3);
  const std::string text = written<RunColumn>([&](RunColumn& column) {
    for (const std::uint64_t number : numbers) column.add(number);
  });
  EXPECT_EQ(reader::run_column(text), numbers);
  EXPECT_EQ(reader::numbers(text), (std::vector<std::uint64_t>{2, 0, 3, 7, 1, 0, 1, 9, 993, 3}));
}

}  // namespace
}  // namespace brood::trace::column_test

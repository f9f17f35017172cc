#include "trace/column.hpp"

#include <algorithm>
#include <string_view>

namespace brood::trace {

void ColumnWriter::add(std::uint64_t number) {
  for (; number >= 0x80; number >>= 7U) add_byte(static_cast<unsigned>(number & 0x7FU) | 0x80U);
  add_byte(static_cast<unsigned>(number));
}

void ColumnWriter::finish() {
  if (bytes_ == 0) return;
  group_ <<= static_cast<unsigned>(8 * (3 - bytes_));
  write_group(bytes_ + 1);
}

void ColumnWriter::add_byte(unsigned byte) {
  group_ = group_ << 8U | byte;
  if (++bytes_ == 3) write_group(4);
}

void ColumnWriter::write_group(int digits) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char text[] = "====";
  for (int i = 0; i < digits; ++i)
    text[i] = alphabet[group_ >> static_cast<unsigned>(18 - 6 * i) & 0x3FU];
  text_.write({text, 4});
  group_ = 0;
  bytes_ = 0;
}

void DifferenceColumn::add(std::int64_t number, std::int64_t base) {
  if (number < 0) return column_.add(0);
  // Both are at least 0, so the difference is no overflow, and its zigzag plus 1 neither.
  const std::int64_t difference = number - std::max<std::int64_t>(base, 0);
  column_.add(1 + (difference < 0 ? 2 * static_cast<std::uint64_t>(-(difference + 1)) + 1
                                  : 2 * static_cast<std::uint64_t>(difference)));
}

void RunColumn::add(std::uint64_t number) {
  if (number != number_ || count_ == 0) {
    write_run();
    number_ = number;
  }
  ++count_;
}

void RunColumn::finish() {
  write_run();
  column_.finish();
}

void RunColumn::write_run() {
  if (count_ == 0) return;
  column_.add(count_);
  column_.add(number_);
  count_ = 0;
}

}  // namespace brood::trace

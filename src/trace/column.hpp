#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "trace/text_sink.hpp"

namespace brood::trace {

/// Writes a column of numbers as text: LEB128 (7 bits in each byte, the lowest first, the highest
/// bit says that more follow) in base64. finish() is to be called once, at the end.
class ColumnWriter {
 public:
  explicit ColumnWriter(PieceWriter& text) : text_(text) {}

  void add(std::uint64_t number);
  void finish();

 private:
  void add_byte(unsigned byte);
  void write_group(int digits);

  PieceWriter& text_;
  std::uint32_t group_ = 0;  // up to 3 bytes, the first of them highest
  int bytes_ = 0;            // in the group
};

/// Columns whose numbers are near the one before: 0 for an unknown one, else 1 + the difference as
/// zigzag (0, -1, 1, -2, 2 … as 0, 1, 2, 3, 4 …).
class DifferenceColumn {
 public:
  explicit DifferenceColumn(PieceWriter& text) : column_(text) {}

  /// Negative: unknown.
  void add(std::int64_t number) {
    add(number, last_);
    if (number >= 0) last_ = number;
  }
  /// The difference to a number that the reader knows; to 0 where that is unknown.
  void add(std::int64_t number, std::int64_t base);
  void finish() { column_.finish(); }

 private:
  ColumnWriter column_;
  std::int64_t last_ = 0;
};

/// Columns whose numbers are mostly the one before: how often, and the number.
class RunColumn {
 public:
  explicit RunColumn(PieceWriter& text) : column_(text) {}

  void add(std::uint64_t number);
  void finish();

 private:
  void write_run();

  ColumnWriter column_;
  std::uint64_t number_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace brood::trace

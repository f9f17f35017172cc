#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "progress/text.hpp"

namespace brood::testing {

/// What a terminal shows that got these bytes: characters of one or two columns, \r, \n, and the
/// control sequences K, J, A and m. It breaks lines as terminals do, and counts how often.
class Screen {
 public:
  explicit Screen(std::size_t columns) : columns_(columns), rows_(1) {}

  void take(std::string_view bytes) {
    pending_ += bytes;
    while (!pending_.empty()) {
      const std::size_t used = take_one();
      if (used == 0) return;
      pending_.erase(0, used);
    }
  }
  /// The user makes it narrower: longer rows are broken, the cursor stays at its character.
  void narrow(std::size_t columns) {
    columns_ = columns;
    std::vector<Row> broken;
    std::size_t row_of_cursor = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (i == row_) row_of_cursor = broken.size() + column_ / columns;
      for (std::size_t at = 0; at == 0 || at < rows_[i].size(); at += columns) {
        const auto begin = rows_[i].begin() + static_cast<std::ptrdiff_t>(at);
        const std::size_t length = std::min(columns, rows_[i].size() - at);
        broken.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(length));
      }
    }
    rows_ = std::move(broken);
    row_ = row_of_cursor;
    column_ %= columns;
  }

  /// The rows as they are, without spaces at their ends and empty ones at the end.
  std::vector<std::string> rows() const {
    std::vector<std::string> texts;
    for (const Row& row : rows_) {
      std::string text;
      for (const std::string& cell : row) text += cell;
      text.erase(text.find_last_not_of(' ') + 1);
      texts.push_back(std::move(text));
    }
    while (!texts.empty() && texts.back().empty()) texts.pop_back();
    return texts;
  }
  std::size_t breaks() const { return breaks_; }
  /// Control sequences that it does not know.
  const std::vector<std::string>& unknown() const { return unknown_; }

 private:
  using Row = std::vector<std::string>;  // a cell for each column; the second of two is empty

  // Bytes that it has understood; 0: more have to come.
  std::size_t take_one() {
    const char first = pending_[0];
    if (first == '\x1b') return take_sequence();
    if (first == '\r') {
      column_ = 0;
    } else if (first == '\n') {
      if (++row_ == rows_.size()) rows_.emplace_back();
    } else {
      return take_character();
    }
    return 1;
  }
  std::size_t take_character() {
    std::size_t length = 1;
    while (length < pending_.size() && (pending_[length] & 0xc0) == 0x80) ++length;
    const std::string character = pending_.substr(0, length);
    const std::size_t columns = progress::columns_of(character);
    if (column_ + columns > columns_) {
      ++breaks_;
      column_ = 0;
      if (++row_ == rows_.size()) rows_.emplace_back();
    }
    Row& row = rows_[row_];
    if (columns == 0) {
      if (column_ > 0) row[column_ - 1] += character;
      return length;
    }
    row.resize(std::max(row.size(), column_ + columns), " ");
    row[column_] = character;
    if (columns == 2) row[column_ + 1] = "";
    column_ += columns;
    return length;
  }
  std::size_t take_sequence() {
    const std::size_t end = pending_.find_first_not_of("0123456789;[", 1);
    if (end == std::string::npos) return 0;
    const std::string number = pending_.substr(2, end - 2);
    const char command = pending_[end];
    if (command == 'K') {
      rows_[row_].resize(std::min(rows_[row_].size(), column_));
    } else if (command == 'J') {
      rows_.resize(row_ + 1);
      rows_[row_].resize(std::min(rows_[row_].size(), column_));
    } else if (command == 'A') {
      row_ -= std::min(row_, number.empty() ? 1 : std::stoul(number));
    } else if (command != 'm') {
      unknown_.push_back(pending_.substr(0, end + 1));
    }
    return end + 1;
  }

  std::size_t columns_;
  std::vector<Row> rows_;
  std::size_t row_ = 0, column_ = 0, breaks_ = 0;
  std::vector<std::string> unknown_;
  std::string pending_;
};

}  // namespace brood::testing

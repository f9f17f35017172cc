#pragma once

#include <string>
#include <vector>

namespace brood::progress {

/// The last lines of a terminal, where bars are. What it returns is to be written to the terminal,
/// in one piece. Between two of these the cursor stands at the beginning of the first line: a
/// terminal that has become narrower since, and has broken the lines, is cleared from there. Pure.
class Block {
 public:
  /// Whether lines are there.
  bool shown() const noexcept { return shown_; }
  /// In place of the lines that are there. None of them may be as wide as the terminal.
  std::string paint(const std::vector<std::string>& lines);
  /// The lines go.
  std::string take_down();

 private:
  bool shown_ = false;
};

}  // namespace brood::progress

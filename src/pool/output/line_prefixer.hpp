#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace brood::pool {

/// Puts something in front of each line of a stream. Pure.
class LinePrefixer {
 public:
  /// Bytes. What is longer is broken: a stream need not have lines.
  static constexpr std::size_t longest_line = std::size_t{1} << 20;

  /// Appends the lines to `target` that these bytes complete.
  void add(std::string_view bytes, std::string_view prefix, std::string& target) {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      const std::size_t length = end == std::string_view::npos ? bytes.size() : end;
      const std::string_view part = bytes.substr(0, std::min(length, longest_line - line_.size()));
      line_ += part;
      bytes.remove_prefix(part.size());
      if (bytes.empty()) return;
      if (bytes.front() == '\n') bytes.remove_prefix(1);  // else it is too long
      put(prefix, target);
    }
  }
  /// Completes a line that has begun.
  void finish(std::string_view prefix, std::string& target) {
    if (!line_.empty()) put(prefix, target);
  }

 private:
  void put(std::string_view prefix, std::string& target) {
    target.append(prefix).append(line_).append(1, '\n');
    line_.clear();
  }
  std::string line_;
};

}  // namespace brood::pool

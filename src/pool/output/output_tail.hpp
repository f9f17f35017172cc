#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace brood::pool {

/// The last bytes of a stream of any length, in bounded memory. Pure.
class OutputTail {
 public:
  /// Of all that was added the last `limit` bytes are kept, at least.
  void add(std::string_view bytes, std::size_t limit) {
    if (bytes.size() >= limit) {
      bytes_.assign(bytes.substr(bytes.size() - limit));
      return;
    }
    bytes_ += bytes;
    // Now and then, since it moves all that is kept.
    const std::size_t slack = std::max(limit / 8, std::size_t{64} << 10);
    if (bytes_.size() > limit + slack) bytes_.erase(0, bytes_.size() - limit);
  }
  /// The last `limit` bytes at most; nothing is left.
  std::string take(std::size_t limit) {
    if (bytes_.size() > limit) bytes_.erase(0, bytes_.size() - limit);
    return std::exchange(bytes_, {});
  }
  bool empty() const noexcept { return bytes_.empty(); }

 private:
  std::string bytes_;
};

}  // namespace brood::pool

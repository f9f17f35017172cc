#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace fuzz {

inline void check(bool holds) {
  if (!holds) std::abort();
}

/// The fuzzer's bytes, as numbers; zeros behind their end.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : left_(data, size) {}
  bool empty() const { return left_.empty(); }
  std::uint8_t byte() {
    if (left_.empty()) return 0;
    const std::uint8_t first = left_.front();
    left_ = left_.subspan(1);
    return first;
  }
  /// Near `right`, or any eight bytes.
  std::uint64_t number(std::uint64_t right) {
    const std::uint8_t shape = byte();
    if (shape < 0xc0) return right + shape % 16 - 8;
    if (shape < 0xe0) return std::uint64_t{1} << (shape % 64);
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8 | byte();
    return value;
  }
  std::span<const std::byte> bytes(std::size_t count) {
    const auto taken = left_.first(std::min(count, left_.size()));
    left_ = left_.subspan(taken.size());
    return std::as_bytes(taken);
  }

 private:
  std::span<const std::uint8_t> left_;
};

}  // namespace fuzz

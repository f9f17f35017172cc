#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace brood::simulation {

/// A pipe of the kernel's: a bounded queue of bytes.
class Pipe {
 public:
  explicit Pipe(std::size_t capacity) : capacity_(capacity) {}
  bool empty() const noexcept { return first_ == bytes_.size(); }
  std::size_t size() const noexcept { return bytes_.size() - first_; }
  std::size_t space() const noexcept { return capacity_ - std::min(capacity_, size()); }
  /// Takes as much as it has room for.
  std::size_t write(std::span<const std::byte> source) {
    const std::size_t count = std::min(source.size(), space());
    bytes_.insert(bytes_.end(), source.begin(),
                  source.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }
  std::size_t read(std::span<std::byte> target) {
    const std::size_t count = std::min(target.size(), size());
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(first_), count, target.begin());
    first_ += count;
    if (empty()) {
      bytes_.clear();
      first_ = 0;
    }
    return count;
  }
  bool closed = false;  // by the writer

 private:
  std::size_t capacity_;
  std::vector<std::byte> bytes_;
  std::size_t first_ = 0;
};

}  // namespace brood::simulation

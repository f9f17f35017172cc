#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace brood::platform {

/// A set of descriptor numbers that can be read where nothing may lock or allocate. Numbers from
/// `capacity` on are not noted.
class DescriptorSet {
 public:
  static constexpr int capacity = 65536;

  void insert(int number) noexcept {
    if (in_range(number)) word(number).fetch_or(bit(number), std::memory_order_relaxed);
  }
  void erase(int number) noexcept {
    if (in_range(number)) word(number).fetch_and(~bit(number), std::memory_order_relaxed);
  }
  void clear() noexcept {
    for (std::atomic<std::uint64_t>& bits : words_) bits.store(0, std::memory_order_relaxed);
  }
  bool contains(int number) const noexcept {
    return in_range(number) &&
           (words_[index(number)].load(std::memory_order_relaxed) & bit(number)) != 0;
  }
  /// The smallest member that is `number` or more; -1 where there is none.
  int next(int number) const noexcept {
    if (number < 0) number = 0;
    if (number >= capacity) return -1;
    std::uint64_t rest =
        words_[index(number)].load(std::memory_order_relaxed) & (~std::uint64_t{0} << number % 64);
    for (std::size_t i = index(number);;) {
      if (rest != 0) return static_cast<int>(i * 64) + std::countr_zero(rest);
      if (++i == words_.size()) return -1;
      rest = words_[i].load(std::memory_order_relaxed);
    }
  }

 private:
  static constexpr bool in_range(int number) noexcept { return number >= 0 && number < capacity; }
  static constexpr std::size_t index(int number) noexcept {
    return static_cast<std::size_t>(number) / 64;
  }
  static constexpr std::uint64_t bit(int number) noexcept {
    return std::uint64_t{1} << (number % 64);
  }
  std::atomic<std::uint64_t>& word(int number) noexcept { return words_[index(number)]; }

  std::array<std::atomic<std::uint64_t>, capacity / 64> words_{};
};

}  // namespace brood::platform

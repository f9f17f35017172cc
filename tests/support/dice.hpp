#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

namespace brood::testing {

/// Random numbers of one thread: the same for the same seed.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  /// From 0 to `last`, each alike.
  std::uint64_t up_to(std::uint64_t last) {
    return std::uniform_int_distribution<std::uint64_t>(0, last)(engine_);
  }
  bool percent(unsigned chance) { return up_to(99) < chance; }
  /// From 0 to `last`, each order of magnitude alike.
  std::uint64_t magnitude(std::uint64_t last) {
    std::uint64_t bits = 0;
    while (bits < 63 && (last >> bits) != 0) ++bits;
    return std::min(last, up_to((std::uint64_t{1} << up_to(bits)) - 1));
  }
  std::uint64_t any() { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

}  // namespace brood::testing

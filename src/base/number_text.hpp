#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace brood::base {

/// "1,234,567"
inline std::string with_commas(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; text.insert(at, 1, ',')) at -= 3;
  return text;
}

}  // namespace brood::base

#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>

namespace brood::testing {

/// Characters that count on from `size`, so that a shift and a hole show. The first 256 are copied
/// behind themselves: tests are not optimised, and a loop over megabytes would take most of their
/// time.
inline std::string counting_text(std::size_t size) {
  std::string text(size, '\0');
  std::size_t done = std::min<std::size_t>(size, 256);
  std::iota(text.data(), text.data() + done, static_cast<char>(size));
  for (; done < size; done = std::min(size, 2 * done))
    std::copy_n(text.data(), std::min(done, size - done), text.data() + done);
  return text;
}

}  // namespace brood::testing

#include "base/duration_text.hpp"

#include <cstdio>

namespace brood::base {

std::string duration_text(std::chrono::nanoseconds duration) {
  const auto nanoseconds = static_cast<double>(duration.count());
  const bool is_long = duration >= std::chrono::seconds(1);
  char text[48];
  std::snprintf(text, sizeof text, "%.6g %s", nanoseconds / (is_long ? 1e9 : 1e6),
                is_long ? "s" : "ms");
  return text;
}

}  // namespace brood::base

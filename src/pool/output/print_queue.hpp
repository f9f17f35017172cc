#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "protocol/output.hpp"

namespace brood::pool {

/// stdout and stderr.
using protocol::output_streams;

/// Whole lines on their way to this process's stdout and stderr.
struct PrintQueue {
  std::array<std::string, output_streams> text;
  std::array<std::uint64_t, output_streams> taken{};  // bytes, before `text`

  /// Behind all that has been put here.
  std::array<std::uint64_t, output_streams> positions() const noexcept {
    return {taken[0] + text[0].size(), taken[1] + text[1].size()};
  }
};

}  // namespace brood::pool

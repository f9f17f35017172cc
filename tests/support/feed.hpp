#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>

#include "wire/frame.hpp"

namespace brood::testing {

/// Gives a parser bytes as a reader of its stream does: as many at a time as it has room for.
inline void feed(wire::FrameParser& parser, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::span<std::byte> room = parser.room();
    const std::size_t count = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), count);
    parser.filled(count);
    bytes = bytes.subspan(count);
  }
}

}  // namespace brood::testing

#pragma once

#include <cstdint>

// What a pool and its workers agree on about the results of a job.
namespace brood::detail {

class Run;
/// The typed loop over the elements of a chunk; named on the wire by its address.
using Runner = void (*)(Run&);

inline constexpr std::uint32_t variable_stride = 0xffffffff;

/// What the results of a job look like. A worker that sends others is broken.
struct ResultShape {
  // Bytes of each, or variable_stride: each with its length (8 bytes) in front.
  std::uint32_t stride = variable_stride;
  bool folded = false;  // one stands for several elements
  bool operator==(const ResultShape&) const = default;
};

}  // namespace brood::detail

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "protocol/last_words.hpp"

namespace brood::protocol {

/// Memory that a worker shares with its owner: what it has claimed, and the results that it has not
/// written to the result pipe yet; at its end, why it died. It costs no system call per task and
/// outlives the worker. See README.md in this folder.
struct WorkerPage {
  /// Elements of its sequence that the worker has claimed. The owner takes back everything behind
  /// by adding `revoked`, once; the worker acknowledges by storing `fence`.
  alignas(64) std::atomic<std::uint64_t> claimed;
  std::atomic<std::uint64_t> fence;  // owner: first position that the revocation does not cover
  std::atomic<std::uint64_t> clock;  // worker: CLOCK_MONOTONIC in ns when the claimed element
                                     // started; jobs with a timeout only

  alignas(64) std::atomic<std::uint64_t> head;  // bytes in `buffer`
  std::atomic<std::uint64_t> base;              // position in the result stream of buffer[0]
  std::atomic<std::uint64_t>
      open;  // 1 + where in `buffer` the frame starts that is being filled; 0: none is

  static constexpr std::uint64_t revoked = std::uint64_t{1} << 63;
  static constexpr std::size_t buffer_size = 64 * 1024;  // bytes
  alignas(64) std::byte buffer[buffer_size];

  alignas(64) LastWords last_words;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "shared between processes");

}  // namespace brood::protocol

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "protocol/last_words.hpp"

namespace brood::protocol {

/// How a sleeping owner wants to be woken.
enum class WakeUp : std::uint32_t {
  none,
  by_socket,  // a dispatcher, which waits for many workers
  by_futex,   // a caller that drives this one, and sleeps on `owner_waits`
};

/// Memory that a worker shares with its owner: what it has claimed, the ring that carries its
/// results, and at its end, why it died. It costs no system call per task and outlives the worker.
/// See README.md in this folder.
struct WorkerPage {
  /// Elements of its sequence that the worker has claimed. The owner takes back everything behind
  /// by adding `revoked`, once; the worker acknowledges by storing `fence`.
  alignas(64) std::atomic<std::uint64_t> claimed;
  std::atomic<std::uint64_t> fence;  // owner: first position that the revocation does not cover
  std::atomic<std::uint64_t> clock;  // worker: CLOCK_MONOTONIC in ns when the claimed element
                                     // started; jobs with a timeout only

  // The ring of the result stream. Positions count its bytes from the first on, and never go back.
  alignas(64) std::atomic<std::uint64_t> head;  // worker: behind the last whole result
  std::atomic<std::uint64_t> closed;            // worker: behind what the owner may read; a frame
                                                // that is being filled lies between it and `head`
  alignas(64) std::atomic<std::uint64_t> tail;  // owner: all before it has been read
  std::atomic<std::uint32_t> owner_waits;       // owner: a WakeUp before it sleeps; the worker that
                                                // takes it back to none wakes the owner
  std::atomic<std::uint32_t> worker_waits;      // worker: 1 before it sleeps for want of room
  std::atomic<std::uint32_t> room;  // owner: counts up when it wakes the worker for room

  static constexpr std::uint64_t revoked = std::uint64_t{1} << 63;

  alignas(64) LastWords last_words;

  /// Mapped twice, the second time behind the first: what begins in it lies in one piece. Begins
  /// with a page of memory; of 4 KiB, as this is.
  static constexpr std::size_t buffer_size = 256 * 1024;  // bytes; a power of two
  alignas(4096) std::byte buffer[buffer_size];

  std::byte* at(std::uint64_t position) noexcept { return buffer + position % buffer_size; }
  const std::byte* at(std::uint64_t position) const noexcept {
    return buffer + position % buffer_size;
  }
};
/// What a worker writes to its result socket to wake its owner, once each time that it was asked
/// to.
inline constexpr std::byte wake_up{0x42};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "shared between processes");

}  // namespace brood::protocol

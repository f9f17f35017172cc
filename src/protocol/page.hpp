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

/// What a sleeping worker waits for.
enum class WorkerWait : std::uint32_t { none, for_tasks, for_room };

/// Memory that a worker shares with its owner: what it has claimed, a ring for its tasks and one
/// for its results, and at its end, why it died. It costs no system call per task and outlives the
/// worker. See README.md in this folder.
struct WorkerPage {
  /// Written by the worker: elements of its sequence that it has claimed. It acknowledges a
  /// revocation by storing `fence`.
  alignas(64) std::atomic<std::uint64_t> claimed;
  /// `not_revoked`, or a revocation: `asked`, by the owner, until either side has found what it
  /// covers, and then `decided` and the elements of the sequence that the worker keeps: see
  /// revocation.hpp. The owner writes `not_revoked` when it has read the acknowledgement. 0 is the
  /// page of a copy of the worker, which has no elements.
  std::atomic<std::uint64_t> revocation;
  /// Written by the owner: the first position that the revocation does not cover.
  std::atomic<std::uint64_t> fence;
  /// Written by the worker, for jobs with a timeout only: CLOCK_MONOTONIC in ns when the claimed
  /// element started.
  std::atomic<std::uint64_t> clock;

  /// 1 where the owner puts the memory barrier between a claim and a look at `revocation`. The
  /// owner writes that before there is a worker, which writes 0 where it cannot be had.
  std::atomic<std::uint32_t> barrier_by_owner;

  // --- the element that runs, where it can be asked to stop: README.md, "Stop requests" ---
  /// The owner adds one when it has written the next word, and wakes what sleeps on it.
  std::atomic<std::uint32_t> stop_requests;
  /// Written by the owner: the position of the element that is to stop, and one.
  std::atomic<std::uint64_t> stop_requested;
  /// Written by the worker: the position of the element that has asked for its stop token, and one;
  /// 0: none has.
  std::atomic<std::uint64_t> stoppable;

  // --- the ring of results ---
  // Positions in the rings count the bytes of their streams from the first on, and never go back.
  /// Written by the worker: behind the last whole result.
  alignas(64) std::atomic<std::uint64_t> head;
  /// Written by the worker: behind what the owner may read. A frame that is being filled lies
  /// between it and `head`.
  std::atomic<std::uint64_t> closed;
  /// A WorkerWait, which the worker writes before it sleeps. The owner that takes it back to none
  /// wakes the worker.
  std::atomic<std::uint32_t> worker_waits;
  /// Written by the owner: all before it has been read.
  alignas(64) std::atomic<std::uint64_t> tail;
  /// A WakeUp, which the owner writes before it sleeps. The worker that takes it back to none wakes
  /// the owner.
  std::atomic<std::uint32_t> owner_waits;

  // --- the ring of tasks ---
  /// 1 where the owner has more than there is room for. The worker that takes it back wakes the
  /// owner.
  std::atomic<std::uint32_t> owner_blocked;
  /// Written by the owner: all before it may be read.
  alignas(64) std::atomic<std::uint64_t> task_head;
  /// Written by the owner: 1 at the end of the stream.
  std::atomic<std::uint32_t> no_more_tasks;
  /// Written by the worker: all before it has been read.
  alignas(64) std::atomic<std::uint64_t> task_tail;

  // --- what elements write: output.hpp ---
  /// Written by the owner: odd while it reads what elements write, and another number behind each
  /// read that found something.
  alignas(64) std::atomic<std::uint64_t> output_reads;

  static constexpr std::uint64_t asked = std::uint64_t{1} << 63;
  static constexpr std::uint64_t decided = std::uint64_t{1} << 62;
  static constexpr std::uint64_t not_revoked = std::uint64_t{1} << 61;

  alignas(64) LastWords last_words;

  /// Bytes of a ring; a power of two.
  static constexpr std::size_t buffer_size = 256 * 1024;
  /// The largest page of memory that a kernel has: mappings begin with one.
  static constexpr std::size_t memory_page = 64 * 1024;
  /// Mapped twice, the second time behind the first: what begins in it lies in one piece.
  struct Ring {
    alignas(memory_page) std::byte bytes[buffer_size];
    std::byte again[buffer_size];  // the same memory

    std::byte* at(std::uint64_t position) noexcept { return bytes + position % buffer_size; }
    const std::byte* at(std::uint64_t position) const noexcept {
      return bytes + position % buffer_size;
    }
  };
  Ring results, tasks;

  std::byte* at(std::uint64_t position) noexcept { return results.at(position); }
  const std::byte* at(std::uint64_t position) const noexcept { return results.at(position); }
};

/// Bytes of its file: the words and both rings, each once.
inline constexpr std::size_t page_size = sizeof(WorkerPage) - 2 * WorkerPage::buffer_size;
inline constexpr std::size_t rings_in_page = 2;  // at its end

/// What a worker writes to its socket to wake its owner, once each time that it was asked
/// to.
inline constexpr std::byte wake_up{0x42};

static_assert(offsetof(WorkerPage, results) % WorkerPage::memory_page == 0 &&
                  offsetof(WorkerPage, tasks) % WorkerPage::memory_page == 0,
              "mmap(2) refuses other offsets");
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "shared between processes");

}  // namespace brood::protocol

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "platform/robust_mutex.hpp"
#include "shared/bell.hpp"
#include "shared/tape.hpp"

namespace brood::shared {

/// What a queue's processes share; see queue.md.
struct QueueState {
  /// All of it changes at once.
  struct Books {
    Tape::Marks marks;
    std::uint64_t put = 0, taken = 0;  // values so far
    std::uint64_t unfinished = 0;
    std::uint64_t closed = 0;  // 1: nothing more is put
  };

  explicit QueueState(std::uint64_t most) noexcept : limit(most) {}

  platform::RobustMutex guard;
  const std::uint64_t limit;  // values; 0: none
  std::array<Books, 2> slots{};
  std::atomic<std::uint32_t> current{0};
  std::uint64_t last_group = 0;  // of descriptors; only grows
  Tape::Extent extent;
  Bell arrivals, departures, completions;

  /// After the death of a holder: the books are whole in every moment.
  void repair() noexcept {}
  const Books& books() const noexcept { return slots[current.load(std::memory_order_acquire)]; }
  void publish(const Books& next) noexcept {
    const std::uint32_t other = 1 - current.load(std::memory_order_relaxed);
    slots[other] = next;
    current.store(other, std::memory_order_release);
  }
  std::uint64_t size() const noexcept { return books().put - books().taken; }
  bool has_room() const noexcept { return limit == 0 || size() < limit; }
};

}  // namespace brood::shared

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "platform/robust_mutex.hpp"
#include "shared/bell.hpp"
#include "shared/object.hpp"
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

    std::uint64_t size() const noexcept { return put - taken; }
  };

  explicit QueueState(std::uint64_t most) noexcept : limit(most) {}

  platform::RobustMutex guard;
  const std::uint64_t limit;  // values; 0: none. Each process notes it when it gets the queue
  std::array<Books, 2> slots BROOD_GUARDED_BY(guard){};
  std::atomic<std::uint32_t> current{0};
  std::uint64_t last_group BROOD_GUARDED_BY(guard) = 0;  // of descriptors; only grows
  /// Pairs of sockets in which descriptors wait beside the queue's own.
  std::uint64_t further BROOD_GUARDED_BY(guard) = 0;
  Tape::Extent extent BROOD_GUARDED_BY(guard);
  Bell arrivals, departures, completions;

  /// After the death of a holder: the books are whole in every moment.
  void repair() noexcept {}
  /// A copy. Throws BrokenObject where they make no sense.
  Books books() BROOD_REQUIRES(guard) {
    const std::uint32_t valid = current.load(std::memory_order_acquire);
    if (valid > 1) throw_broken(this);
    const Books copy = slots[valid];
    if (!make_sense(copy)) throw_broken(this);
    return copy;
  }
  void publish(const Books& next) noexcept BROOD_REQUIRES(guard) {
    const std::uint32_t other = current.load(std::memory_order_relaxed) == 0 ? 1 : 0;
    slots[other] = next;
    current.store(other, std::memory_order_release);
  }

 private:
  static bool make_sense(const Books& books) noexcept {
    const bool is_empty = books.put == books.taken;
    return books.marks.make_sense() && books.closed <= 1 && books.taken <= books.put &&
           books.unfinished <= books.put && is_empty == (books.marks.head == books.marks.tail) &&
           books.put - books.taken <= books.marks.tail - books.marks.head;
  }
};

}  // namespace brood::shared

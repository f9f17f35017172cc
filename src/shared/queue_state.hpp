#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "platform/robust_mutex.hpp"
#include "shared/event_count.hpp"
#include "shared/object.hpp"
#include "shared/ring_file.hpp"

namespace brood::shared {

/// What a queue's processes share; see queue.md.
struct QueueState {
  /// All of it changes at once.
  struct Ledger {
    RingFile::Positions positions;
    std::uint64_t put = 0, taken = 0;  // values so far
    std::uint64_t unfinished = 0;
    std::uint64_t closed = 0;  // 1: nothing more is put

    std::uint64_t size() const noexcept { return put - taken; }
  };

  explicit QueueState(std::uint64_t most) noexcept : limit(most) {}

  platform::RobustMutex guard;
  const std::uint64_t limit;  // values; 0: none. Each process notes it when it gets the queue
  std::array<Ledger, 2> slots BROOD_GUARDED_BY(guard){};
  std::atomic<std::uint32_t> current{0};
  std::uint64_t last_attachment_group BROOD_GUARDED_BY(guard) = 0;  // of descriptors; only grows
  /// Pairs of sockets in which descriptors wait beside the queue's own.
  std::uint64_t further BROOD_GUARDED_BY(guard) = 0;
  RingFile::Extent extent BROOD_GUARDED_BY(guard);
  EventCount arrivals, departures, completions;

  /// After the death of a holder: the ledger is whole in every moment.
  void repair() noexcept {}
  /// A copy. Throws BrokenObject where they make no sense.
  Ledger ledger() BROOD_REQUIRES(guard) {
    const std::uint32_t valid = current.load(std::memory_order_acquire);
    if (valid > 1) throw_broken(this);
    const Ledger copy = slots[valid];
    if (!make_sense(copy)) throw_broken(this);
    return copy;
  }
  void publish(const Ledger& next) noexcept BROOD_REQUIRES(guard) {
    const std::uint32_t other = current.load(std::memory_order_relaxed) == 0 ? 1 : 0;
    slots[other] = next;
    current.store(other, std::memory_order_release);
  }

 private:
  static bool make_sense(const Ledger& ledger) noexcept {
    const bool is_empty = ledger.put == ledger.taken;
    return ledger.positions.make_sense() && ledger.closed <= 1 && ledger.taken <= ledger.put &&
           ledger.unfinished <= ledger.put &&
           is_empty == (ledger.positions.head == ledger.positions.tail) &&
           ledger.put - ledger.taken <= ledger.positions.tail - ledger.positions.head;
  }
};

}  // namespace brood::shared

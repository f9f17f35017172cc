#include "worker/result_ring_writer.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "worker/wake_owner.hpp"

namespace brood::worker {

void ResultRingWriter::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    wait_for_room(std::min(bytes.size(), std::min(capacity_, most_in_frame)));
    const auto part = bytes.first(std::min({bytes.size(), room(), most_in_frame}));
    const std::uint64_t start = closed();
    std::memcpy(page_.at(start), part.data(), part.size());
    close(start + part.size());
    bytes = bytes.subspan(part.size());
    if (!bytes.empty()) wake_owner(process_, page_);
  }
}

// In this order: between the two stores there is no frame that seems to be open.
void ResultRingWriter::close(std::uint64_t position) noexcept {
  page_.closed.store(position, std::memory_order_release);
  page_.head.store(position, std::memory_order_release);
}

std::size_t ResultRingWriter::room() const noexcept {
  const std::uint64_t unread = closed() - page_.tail.load(std::memory_order_acquire);
  return unread < capacity_ ? capacity_ - static_cast<std::size_t>(unread) : 0;
}

// The other half is in protocol::owes_wake_up.
void ResultRingWriter::wait_for_room(std::size_t count) {
  constexpr auto waits = static_cast<std::uint32_t>(protocol::WorkerWait::for_room);
  while (room() < count) {
    process_.end_if_copy();  // nothing reads its ring
    const std::uint64_t tail = page_.tail.load(std::memory_order_acquire);
    wake_owner(process_, page_);
    if (process_.look(page_.tail, tail)) continue;
    page_.worker_waits.store(waits, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (room() < count) process_.sleep(page_.worker_waits, waits);
    page_.worker_waits.store(0, std::memory_order_relaxed);
  }
}

void ResultRingWriter::flush() {
  flushed_ = closed();
  wake_owner(process_, page_);
}

}  // namespace brood::worker

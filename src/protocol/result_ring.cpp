#include "protocol/result_ring.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "protocol/page_check.hpp"

namespace brood::protocol {

std::size_t ResultRing::unread(const WorkerPage& page) {
  const std::uint64_t closed = page.closed.load(std::memory_order_acquire);
  demand_of_page(closed >= closed_, "its results go backwards");
  demand_of_page(closed - tail_ <= WorkerPage::buffer_size, "more results than there is room for");
  closed_ = closed;
  return static_cast<std::size_t>(closed - tail_);
}

bool ResultRing::has_unread(const WorkerPage& page) const noexcept {
  return page.closed.load(std::memory_order_acquire) != tail_;
}

std::size_t ResultRing::read(WorkerPage& page, std::span<std::byte> room) {
  const std::span<const std::byte> bytes = peek(page, room.size());
  if (bytes.empty()) return 0;
  std::memcpy(room.data(), bytes.data(), bytes.size());
  drop(page, bytes.size());
  return bytes.size();
}

std::span<const std::byte> ResultRing::peek(const WorkerPage& page, std::size_t most) {
  return {page.at(tail_), std::min(unread(page), most)};
}

void ResultRing::drop(WorkerPage& page, std::size_t count) noexcept {
  tail_ += count;
  page.tail.store(tail_, std::memory_order_release);
}

// The other half is in worker::wake_owner. A look at the ring has to follow.
WakeUp ResultRing::ask_for_wake_up(WorkerPage& page, WakeUp how) noexcept {
  const auto word = static_cast<std::uint32_t>(how);
  const auto due = static_cast<WakeUp>(page.owner_waits.exchange(word, std::memory_order_seq_cst));
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return due;
}

// Where `closed` has not moved, the frame is the same one, and what `head` has covered stays.
std::optional<std::span<const std::byte>> ResultRing::open_frame(const WorkerPage& page,
                                                                 std::vector<std::byte>& storage) {
  if (unread(page) != 0) return std::nullopt;
  const std::uint64_t head = page.head.load(std::memory_order_acquire);
  if (head <= tail_) return std::nullopt;
  demand_of_page(head - tail_ <= WorkerPage::buffer_size, "a frame that is larger than its ring");
  const std::byte* const start = page.at(tail_);
  storage.assign(start, start + (head - tail_));
  std::atomic_thread_fence(std::memory_order_acq_rel);
  if (page.closed.load(std::memory_order_acquire) != tail_) return std::nullopt;
  return storage;
}

}  // namespace brood::protocol

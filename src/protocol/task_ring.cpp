#include "protocol/task_ring.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "protocol/page_check.hpp"

namespace brood::protocol {

std::size_t TaskRing::room(const WorkerPage& page) {
  const std::uint64_t tail = page.task_tail.load(std::memory_order_acquire);
  demand_of_page(tail >= tail_ && tail <= head_,
                 "it has read what it was not sent, or less than before");
  tail_ = tail;
  return capacity_ - static_cast<std::size_t>(head_ - tail);
}

std::size_t TaskRing::write(WorkerPage& page, std::span<const std::byte> bytes) {
  const std::size_t count = std::min(bytes.size(), room(page));
  if (count == 0) return 0;
  std::memcpy(page.tasks.at(head_), bytes.data(), count);
  head_ += count;
  page.task_head.store(head_, std::memory_order_release);
  return count;
}

// The other half is in TaskStream::drop.
void TaskRing::ask_for_room(WorkerPage& page) noexcept {
  page.owner_blocked.store(1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

void TaskRing::need_no_room(WorkerPage& page) noexcept {
  page.owner_blocked.store(0, std::memory_order_relaxed);
}

void TaskRing::finish(WorkerPage& page) noexcept {
  page.no_more_tasks.store(1, std::memory_order_release);
}

// The other halves are in the worker, where it stores what it waits for: of the two, the one that
// comes later sees what the other has stored.
bool owes_wake_up(WorkerPage& page, WorkerWait wait) noexcept {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  auto expected = static_cast<std::uint32_t>(wait);
  if (page.worker_waits.load(std::memory_order_relaxed) != expected) return false;
  constexpr auto none = static_cast<std::uint32_t>(WorkerWait::none);
  return page.worker_waits.compare_exchange_strong(expected, none, std::memory_order_relaxed);
}

}  // namespace brood::protocol

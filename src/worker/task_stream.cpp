#include "worker/task_stream.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "worker/wake_owner.hpp"

namespace brood::worker {

using protocol::WorkerWait;

// Half a ring: while the owner waits for room there is a whole frame, or half of it is free.
TaskStream::TaskStream(SessionProcess& process, protocol::WorkerPage& page, const Sizes& sizes)
    : process_(process),
      page_(page),
      capacity_(sizes.ring),
      most_in_ring_(std::min(sizes.ring / 2, sizes.large_frame)),
      collected_(sizes.collected) {}

std::uint64_t TaskStream::head() const noexcept {
  return page_.task_head.load(std::memory_order_acquire);
}

std::optional<wire::Frame> TaskStream::next() {
  if (in_use_ != 0) drop(std::exchange(in_use_, 0));
  if (to_collect_ != 0 || collected_.pending() != 0) return collected_.next();
  seen_ = head();
  const std::span<const std::byte> bytes(page_.tasks.at(tail_), seen_ - tail_);
  const auto header = wire::header_of(bytes);
  if (!header) return std::nullopt;
  const std::size_t size = sizeof *header + static_cast<std::size_t>(header->length);
  if (size <= bytes.size()) {
    in_use_ = size;
    return wire::Frame{header->type, bytes.first(size).subspan(sizeof *header)};
  }
  if (size > most_in_ring_) to_collect_ = size;
  return std::nullopt;
}

bool TaskStream::wait_for_more() {
  if (to_collect_ == 0) return wait_beyond(seen_);
  const std::span<std::byte> room = collected_.room();
  const std::size_t count = read(room.first(std::min(room.size(), to_collect_)));
  collected_.filled(count);
  return count != 0;
}

std::size_t TaskStream::read(std::span<std::byte> target) {
  if (!wait_beyond(tail_)) return 0;
  process_.end_if_copy();  // whose page is zeros
  const auto arrived = static_cast<std::size_t>(head() - tail_);
  const std::size_t count = std::min(target.size(), arrived);
  std::memcpy(target.data(), page_.tasks.at(tail_), count);
  to_collect_ -= count;
  drop(count);
  return count;
}

// The other half is in protocol::owes_wake_up.
bool TaskStream::wait_beyond(std::uint64_t position) {
  if (head() != position || process_.look(page_.task_head, position)) return true;
  constexpr auto waits = static_cast<std::uint32_t>(WorkerWait::for_tasks);
  for (;;) {
    page_.worker_waits.store(waits, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    const bool is_over = page_.no_more_tasks.load(std::memory_order_acquire) != 0;
    if (head() != position || is_over) break;
    process_.sleep(page_.worker_waits, waits);
  }
  page_.worker_waits.store(0, std::memory_order_relaxed);
  return head() != position;
}

// The other half is in TaskRing::ask_for_room. The owner is not woken for less than half a ring.
void TaskStream::drop(std::size_t count) {
  tail_ += count;
  page_.task_tail.store(tail_, std::memory_order_release);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (page_.owner_blocked.load(std::memory_order_relaxed) == 0) return;
  if (head() - tail_ > capacity_ / 2) return;
  page_.owner_blocked.store(0, std::memory_order_relaxed);
  wake_owner(process_, page_);
}

}  // namespace brood::worker

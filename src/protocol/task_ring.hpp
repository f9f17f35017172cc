#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "protocol/page.hpp"

namespace brood::protocol {

/// The owner's end of one worker's task stream, whose bytes lie in a ring of the page. What the
/// worker says of it is read once and then checked against what has been seen before: README.md has
/// the list. Pure but for the page itself. Threads: the one that drives the link.
class TaskRing {
 public:
  /// Of the ring, `capacity` bytes are used.
  explicit TaskRing(std::size_t capacity = WorkerPage::buffer_size) noexcept
      : capacity_(capacity) {}

  /// How many bytes there is room for. Throws CodecError for a word that no worker of ours writes.
  std::size_t room(const WorkerPage& page);
  /// Appends as many bytes as there is room for; returns how many. Throws as room() does.
  std::size_t write(WorkerPage& page, std::span<const std::byte> bytes);
  /// Whether half of the ring is free: less is not worth a wake-up.
  bool has_much_room(const WorkerPage& page) const noexcept {
    return head_ - page.task_tail.load(std::memory_order_acquire) <= capacity_ / 2;
  }
  /// Asks for a wake-up when there is room. A look at the room has to follow.
  static void ask_for_room(WorkerPage& page) noexcept;
  /// Takes the request back, where the worker has not.
  static void need_no_room(WorkerPage& page) noexcept;
  /// Nothing follows any more.
  static void finish(WorkerPage& page) noexcept;

 private:
  std::size_t capacity_;
  std::uint64_t head_ = 0;  // position in the stream: all before it has been written
  std::uint64_t tail_ = 0;  // seen last
};

/// Whether the worker sleeps until `wait` has come, and is to be woken now that it has.
bool owes_wake_up(WorkerPage& page, WorkerWait wait) noexcept;

}  // namespace brood::protocol

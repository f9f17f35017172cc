#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "protocol/page.hpp"
#include "worker/session_process.hpp"

namespace brood::worker {

/// The worker's end of the ring of results in its page: it appends bytes, waits for room, and wakes
/// the owner. protocol::ResultRing is the other end. Threads: the one that serves.
class ResultRingWriter {
 public:
  /// Of the ring, at most `capacity` bytes are used.
  ResultRingWriter(SessionProcess& process, protocol::WorkerPage& page,
                   std::size_t capacity) noexcept
      : process_(process), page_(page), capacity_(capacity) {}

  protocol::WorkerPage& page() const noexcept { return page_; }
  std::size_t capacity() const noexcept { return capacity_; }
  /// Positions in the stream: behind the last whole result, and behind the last closed frame.
  std::uint64_t head() const noexcept { return page_.head.load(std::memory_order_relaxed); }
  std::uint64_t closed() const noexcept { return page_.closed.load(std::memory_order_relaxed); }

  /// Bytes that there is room for now.
  std::size_t room() const noexcept;
  /// Blocks until there is room for so many, which fit into the ring.
  void wait_for_room(std::size_t count);
  /// Writes bytes of closed frames; what is larger than the room that there is goes part by part.
  void append(std::span<const std::byte> bytes);
  /// All before this position is of closed frames.
  void close(std::uint64_t position) noexcept;

  /// Has the owner see all that has been closed.
  void flush();
  /// Whether so much has been written since then that the owner should see it.
  bool is_much() const noexcept {
    return closed() - flushed_ >= protocol::WorkerPage::buffer_size / 4;
  }

  /// Bytes. The owner reads one frame while the next is filled.
  static constexpr std::size_t most_in_frame = protocol::WorkerPage::buffer_size / 8;

 private:
  SessionProcess& process_;
  protocol::WorkerPage& page_;
  const std::size_t capacity_;
  std::uint64_t flushed_ = 0;  // position that the owner was made to see last
};

}  // namespace brood::worker

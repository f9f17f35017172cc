#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "protocol/page.hpp"
#include "wire/frame.hpp"
#include "worker/session_process.hpp"

namespace brood::worker {

/// The worker's end of the task stream: frames are read where they lie in the ring of the page.
/// Larger ones, for which the owner needs the room, are collected in memory of their own.
/// Threads: the one that serves.
class TaskStream {
 public:
  struct Sizes {
    std::size_t ring = protocol::WorkerPage::buffer_size;  // bytes that are used of it
    std::size_t collected = std::size_t{64} << 10;         // memory for large frames, at first
    /// A frame from here on may be seen while it arrives.
    std::size_t large_frame = std::size_t{1} << 20;
  };
  TaskStream(SessionProcess& process, protocol::WorkerPage& page, const Sizes& sizes);

  /// The next whole frame, if it has arrived; valid until the next call of any other function.
  /// Throws CodecError for what is no frame.
  std::optional<wire::Frame> next();
  /// Waits for more of it. False at the end of the stream. Throws std::bad_alloc without memory for
  /// a large frame. Blocks.
  bool wait_for_more();
  /// The start of a frame of at least `length` bytes, of which some are missing, and which does not
  /// lie in the ring.
  std::optional<wire::FrameParser::Unfinished> unfinished(std::size_t length) const {
    return collected_.unfinished(length);
  }
  /// The missing bytes of the unfinished frame are read by read().
  void pass_over_unfinished() noexcept { collected_.pass_over_unfinished(); }
  /// Some of them, at least a byte. Blocks.
  std::size_t read(std::span<std::byte> target);
  /// Gives memory of past large frames back to the system.
  void shrink() noexcept { collected_.shrink(); }

 private:
  std::uint64_t head() const noexcept;
  bool wait_beyond(std::uint64_t position);
  void drop(std::size_t count);

  SessionProcess& process_;
  protocol::WorkerPage& page_;
  const std::size_t capacity_;
  const std::size_t most_in_ring_;  // bytes of a frame that is read where it lies
  wire::FrameParser collected_;
  std::uint64_t tail_ = 0;      // position in the stream: all before it has been read
  std::uint64_t seen_ = 0;      // all before it had arrived when next() found no whole frame
  std::size_t in_use_ = 0;      // bytes behind `tail_`: the frame that next() has returned
  std::size_t to_collect_ = 0;  // bytes of a large frame that have not arrived
};

}  // namespace brood::worker

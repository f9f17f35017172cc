#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "protocol/page.hpp"

namespace brood::protocol {

/// The owner's end of one worker's result stream, whose bytes lie in the ring of the page. Each
/// word is read once and then checked against what has been seen before: README.md has the list.
/// Pure but for the page itself. Threads: the one that drives the link.
class ResultRing {
 public:
  /// How many bytes of the result stream wait in the ring. Throws CodecError for words that no
  /// worker of ours writes.
  std::size_t unread(const WorkerPage& page);
  /// The same, but only whether there is something: also where the words make no sense.
  bool has_unread(const WorkerPage& page) const noexcept;
  /// Copies the next bytes of the result stream out of the ring, as many as there are and `room`
  /// holds; returns how many. Throws as unread() does.
  std::size_t read(WorkerPage& page, std::span<std::byte> room);
  /// The next bytes where they lie, `most` at most: the worker may change them at any time. Throws
  /// as unread() does.
  std::span<const std::byte> peek(const WorkerPage& page, std::size_t most);
  /// Has read so many of them.
  void drop(WorkerPage& page, std::size_t count) noexcept;
  /// Asks for a wake-up, which the worker will send if it tells anything from now on, in place of
  /// the one that is still due: returns that.
  static WakeUp ask_for_wake_up(WorkerPage& page, WakeUp how) noexcept;
  /// A copy in `storage` of the frame that the worker is filling, nothing if there is none, or it
  /// has moved meanwhile. Only where all before has been read. Throws as unread() does.
  std::optional<std::span<const std::byte>> open_frame(const WorkerPage& page,
                                                       std::vector<std::byte>& storage);

 private:
  std::uint64_t tail_ = 0;    // position in the stream: all before it has been read
  std::uint64_t closed_ = 0;  // seen last
};

}  // namespace brood::protocol

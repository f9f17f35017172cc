#pragma once

#include <poll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/line_bracket.hpp"
#include "pool/output/print_queue.hpp"

namespace brood::pool {

/// stdout and stderr of this process, to which lines are written as these take them: the thread
/// that writes never waits for a terminal or a pipe that is full. Lines of several pools do not
/// mix. Threads: one.
class Console {
 public:
  ~Console() { give_up(); }

  /// Takes over what has been queued.
  void take(PrintQueue& queue);
  /// Writes what can be written now.
  void write() noexcept;
  /// Drops what has not been written.
  void give_up() noexcept;

  /// Bytes that wait.
  std::size_t left(std::size_t stream) const noexcept {
    return streams_[stream].text.size() - streams_[stream].begin;
  }
  bool is_done() const noexcept { return left(0) + left(1) == 0; }
  /// Behind the last byte that was written, or dropped: see PrintQueue.
  bool has_passed(const std::array<std::uint64_t, output_streams>& positions) const noexcept;
  /// What to wait for.
  void watch(std::vector<pollfd>& watched) const;
  /// Whether it waits for the lines of another pool, of whose end nothing tells.
  bool waits_for_turn() const noexcept;

 private:
  struct Stream {
    std::string text;
    std::size_t begin = 0;  // of what is left
    std::uint64_t written = 0;
    bool has_turn = false;
    std::optional<base::LineBracket> bracket;  // while a line is not whole
  };
  void write(std::size_t stream) noexcept;
  bool write_some(Stream& stream, int number) noexcept;
  static void drop(Stream& stream) noexcept;

  std::array<Stream, output_streams> streams_;
};

}  // namespace brood::pool

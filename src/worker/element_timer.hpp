#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "protocol/messages.hpp"

namespace brood::worker {

/// When the elements of a chunk ran, as far as the owner is to be told: all of them, or some of
/// those that are so short that reading the clock would take longer. Times are in ns. Pure.
class ElementTimer {
 public:
  /// At most `most` elements are kept until they are taken.
  explicit ElementTimer(std::size_t most) noexcept : most_(most) {}

  /// A chunk begins, whose first element has this position in the sequence.
  void begin_chunk(std::uint64_t position, std::uint64_t now);
  /// It has ended. What runs is not told of.
  void end_chunk() noexcept { is_on_ = is_open_ = false; }
  bool is_on() const noexcept { return is_on_; }
  std::size_t most() const noexcept { return most_; }

  // --- the element that runs ---
  /// One that is open in front of this position ends: of a fold.
  void end_before(std::uint64_t position, std::uint64_t now) noexcept {
    if (row_.sequence < position) end(now);
  }
  void begin(std::uint64_t position, std::uint64_t now) noexcept;
  void decoded(std::uint64_t now) noexcept { row_.running = now; }
  void ran(std::uint64_t now) noexcept { row_.encoding = now; }
  /// Its result has been encoded. Nothing where none is open.
  void end(std::uint64_t now) noexcept;
  /// It has failed, at this position: also one that was not to be told of is.
  void fail(std::uint64_t position, std::uint64_t now) noexcept;

  // --- which are told of ---
  /// How the next elements are measured.
  enum class Mode : std::uint8_t {
    all,      // each
    passing,  // none of the next `step() - 1`
    one,      // the next
  };
  /// An element has been put into a frame, the one in front of `position`.
  Mode next(std::uint64_t position, std::uint64_t now) noexcept;
  std::uint64_t step() const noexcept { return step_; }

  // --- what is told ---
  /// Those that have ended and have not been taken.
  std::span<const protocol::ElementTimes> rows() const noexcept { return rows_; }
  void taken() noexcept { rows_.clear(); }
  /// Whether they should be told now: a process that is killed takes them along.
  bool is_due(std::uint64_t now) const noexcept;

 private:
  std::uint64_t step_for(std::uint64_t position, std::uint64_t now) const noexcept;

  std::size_t most_;
  std::vector<protocol::ElementTimes> rows_;
  protocol::ElementTimes row_{};  // of the element that runs
  bool is_on_ = false, is_open_ = false;
  Mode mode_ = Mode::all;
  std::uint64_t step_ = 1;                      // one of so many elements is measured
  std::uint64_t mark_ = 0, mark_position_ = 0;  // of the last decision
  std::uint64_t last_ = 0;                      // end of the last element that was measured
};

}  // namespace brood::worker

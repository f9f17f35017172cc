#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace brood::shared {

/// A stream of bytes, first in, first out, that processes share: the oldest in a ring of memory,
/// what finds no room there in a file that grows. Positions only grow.
/// Threads: one at a time, of any process.
class RingFile {
 public:
  static constexpr std::size_t ring_size = std::size_t{64} << 10;

  /// What is in it. What a call changes in its copy holds from when that is published.
  struct Positions {
    std::uint64_t head = 0, middle = 0, tail = 0;  // [head, middle) in the ring, then the file
    std::uint64_t base = 0;                        // the position with which the file begins

    /// Whether a ring file can have left them: then no call touches what lies outside of ring and
    /// file.
    bool make_sense() const noexcept {
      constexpr std::uint64_t last = std::uint64_t{1} << 62;
      return head <= middle && middle <= tail && tail <= last && middle - head <= ring_size &&
             base <= middle;
    }
  };
  /// How much memory the file may hold; in shared memory. A killed process leaves it to the next.
  struct Extent {
    std::uint64_t end = 0;    // of what has been written
    std::uint64_t freed = 0;  // up to here it has been given back
  };

  /// `file_start`: where in the file that begins which is not the ring.
  RingFile(std::byte* ring, int file, std::uint64_t file_start, Extent& extent) noexcept
      : ring_(ring), file_(file), file_start_(file_start), extent_(extent) {}

  /// Throws SystemError when there is no memory.
  void write(Positions& positions, std::span<const std::byte> bytes) const;
  /// There are so many. Throws SystemError.
  void read(Positions& positions, std::span<std::byte> target) const;
  /// Moves bytes from the file to the ring when that has become empty by half. Throws SystemError.
  void refill(Positions& positions) const;
  /// Whether the file holds `count` bytes behind those that `positions` begins with.
  bool has(const Positions& positions, std::uint64_t count) const {
    return count <= positions.middle - positions.head || file_has(positions, count);
  }
  /// Gives memory of the file back to the system, after these positions have been published. The
  /// file keeps its size, which is sealed: others may have it mapped.
  void give_back(const Positions& positions) const noexcept;

 private:
  bool file_has(const Positions& positions, std::uint64_t count) const;
  std::array<std::span<std::byte>, 2> places(std::uint64_t position,
                                             std::size_t count) const noexcept;
  void read_file(std::uint64_t position, std::uint64_t base, std::span<std::byte> target) const;

  std::byte* const ring_;
  const int file_;
  const std::uint64_t file_start_;
  Extent& extent_;
};

}  // namespace brood::shared

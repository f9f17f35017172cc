#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace brood::shared {

/// A stream of bytes, first in, first out, that processes share: the oldest in a ring of memory,
/// what finds no room there in a file that grows. Positions only grow.
/// Threads: one at a time, of any process.
class Tape {
 public:
  static constexpr std::size_t ring_size = std::size_t{64} << 10;

  /// What is in it. What a call changes in its copy holds from when that is published.
  struct Marks {
    std::uint64_t head = 0, middle = 0, tail = 0;  // [head, middle) in the ring, then the file
    std::uint64_t base = 0;                        // the position with which the file begins

    /// Whether a tape can have left them: then no call touches what lies outside of ring and file.
    bool make_sense() const noexcept {
      constexpr std::uint64_t last = std::uint64_t{1} << 62;
      return head <= middle && middle <= tail && tail <= last && middle - head <= ring_size &&
             base <= middle;
    }
  };
  /// How much memory the file may hold; in shared memory. Who is killed leaves it to the next.
  struct Extent {
    std::uint64_t end = 0;    // of what has been written
    std::uint64_t freed = 0;  // up to here it has been given back
  };

  /// `file_start`: where in the file that begins which is not the ring.
  Tape(std::byte* ring, int file, std::uint64_t file_start, Extent& extent) noexcept
      : ring_(ring), file_(file), file_start_(file_start), extent_(extent) {}

  /// Throws SystemError when there is no memory.
  void write(Marks& marks, std::span<const std::byte> bytes) const;
  /// There are so many. Throws SystemError.
  void read(Marks& marks, std::span<std::byte> target) const;
  /// Moves bytes from the file to the ring when that has become empty by half. Throws SystemError.
  void refill(Marks& marks) const;
  /// Whether the file holds `count` bytes behind those that `marks` begins with.
  bool has(const Marks& marks, std::uint64_t count) const {
    return count <= marks.middle - marks.head || file_has(marks, count);
  }
  /// Gives memory of the file back to the system, after these marks have been published. The file
  /// keeps its size, which is sealed: others may have it mapped.
  void give_back(const Marks& marks) const noexcept;

 private:
  bool file_has(const Marks& marks, std::uint64_t count) const;
  std::array<std::span<std::byte>, 2> places(std::uint64_t position,
                                             std::size_t count) const noexcept;
  void read_file(std::uint64_t position, std::uint64_t base, std::span<std::byte> target) const;

  std::byte* const ring_;
  const int file_;
  const std::uint64_t file_start_;
  Extent& extent_;
};

}  // namespace brood::shared

#include "shared/ring_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <brood/errors.hpp>
#include "platform/file_io.hpp"
#include "platform/memory_file.hpp"

namespace brood::shared {
namespace {

constexpr std::uint64_t worth_freeing = std::uint64_t{4} << 20;  // bytes
constexpr std::uint64_t most = std::uint64_t{1} << 62;

}  // namespace

// Positions follow each other in the ring, and then at its front again.
std::array<std::span<std::byte>, 2> RingFile::places(std::uint64_t position,
                                                     std::size_t count) const noexcept {
  const std::size_t first = position % ring_size;
  const std::size_t before_end = std::min(count, ring_size - first);
  return {std::span(ring_ + first, before_end), std::span(ring_, count - before_end)};
}

void RingFile::write(Positions& positions, std::span<const std::byte> bytes) const {
  if (positions.middle == positions.tail) {  // nothing in the file
    const std::uint64_t room = positions.head + ring_size - positions.tail;
    for (const auto place : places(positions.tail, std::min<std::uint64_t>(bytes.size(), room))) {
      if (!place.empty()) std::memcpy(place.data(), bytes.data(), place.size());
      bytes = bytes.subspan(place.size());
      positions.tail += place.size();
    }
    positions.middle = positions.base = positions.tail;
  }
  if (bytes.empty()) return;
  const std::uint64_t place = positions.tail - positions.base;
  extent_.end = std::max(extent_.end, place + bytes.size());
  platform::write_at(file_, bytes, file_start_ + place);
  positions.tail += bytes.size();
}

void RingFile::read(Positions& positions, std::span<std::byte> target) const {
  const std::uint64_t here = positions.middle - positions.head;
  for (const auto place : places(positions.head, std::min<std::uint64_t>(target.size(), here))) {
    if (!place.empty()) std::memcpy(target.data(), place.data(), place.size());
    target = target.subspan(place.size());
    positions.head += place.size();
  }
  if (target.empty()) return;
  read_file(positions.head, positions.base, target);
  positions.middle = positions.head += target.size();
}

void RingFile::refill(Positions& positions) const {
  const std::uint64_t room = ring_size - (positions.middle - positions.head);
  if (positions.middle == positions.tail || room < ring_size / 2) return;
  for (const auto place :
       places(positions.middle, std::min(room, positions.tail - positions.middle))) {
    read_file(positions.middle, positions.base, place);
    positions.middle += place.size();
  }
}

void RingFile::read_file(std::uint64_t position, std::uint64_t base,
                         std::span<std::byte> target) const {
  if (target.empty()) return;
  if (platform::read_at(file_, target, file_start_ + position - base) != target.size())
    throw SystemError("pread", "reading from a queue", ENODATA);
}

// Holes are bytes, too, and cost a peer nothing: it could have the reader reserve gigabytes for
// them. A page with a byte that waits has been written and is not given back: only pages of dead
// bytes are. So as many as are read from the file are present at least. Pages of ring, ledger and
// dead bytes, which are counted with them, only make the bound looser.
bool RingFile::file_has(const Positions& positions, std::uint64_t count) const {
  if (count > positions.tail - positions.head) return false;
  const platform::FileSize file = platform::sizes_of_file(file_);
  const std::uint64_t from_file = count - (positions.middle - positions.head);
  const std::uint64_t end = file_start_ + (positions.head + count - positions.base);
  return from_file <= file.present && end <= file.size;
}

void RingFile::give_back(const Positions& positions) const noexcept {
  if (positions.middle == positions.tail) {
    const std::uint64_t end = std::min(extent_.end, most);
    if (end > worth_freeing) {
      platform::discard(file_, file_start_, end);
      extent_.end = 0;
    }
    extent_.freed = 0;
    return;
  }
  const std::uint64_t dead = positions.middle - positions.base;
  const std::uint64_t freed = std::min(extent_.freed, dead);
  if (dead - freed < worth_freeing) return;
  platform::discard(file_, file_start_ + freed, dead - freed);
  extent_.freed = dead;
}

}  // namespace brood::shared

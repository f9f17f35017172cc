#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "platform/descriptor.hpp"

namespace brood::platform {

// A file that is memory, used by reading and writing: what finds no memory is an error then and not
// a signal.

/// Whether `ulimit -f` allows a file of so many bytes; where not, the kernel would send SIGXFSZ.
bool file_may_have(std::uint64_t size);
/// Writes all of it at `position`. Throws SystemError.
void write_at(const Descriptor& file, std::span<const std::byte> bytes, std::uint64_t position);
void write_at(int file, std::span<const std::byte> bytes, std::uint64_t position);
/// Reads up to target.size() bytes; fewer at the end of the file. Throws SystemError.
std::size_t read_at(int file, std::span<std::byte> target, std::uint64_t position);
/// Gives memory back to the system: the range reads as zeros from now on. Best effort.
void discard(int file, std::uint64_t position, std::uint64_t size) noexcept;

}  // namespace brood::platform

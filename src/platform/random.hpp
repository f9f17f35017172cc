#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace brood::platform {

/// Fills it from the kernel. Throws SystemError, which says that it was for `what`.
void draw_random(std::span<std::byte> target, const char* what);
/// A number that no other process draws, never 0. Throws SystemError likewise.
std::uint64_t random_number(const char* what);

}  // namespace brood::platform

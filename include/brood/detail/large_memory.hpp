#pragma once

#include <cstddef>

#include <brood/detail/export.hpp>

namespace brood::detail {

/// From this size on, in bytes, fresh memory is worth a word to the kernel.
inline constexpr std::size_t large_memory = std::size_t{4} << 20;
/// Asks for large pages for memory that is about to be filled: one fault in place of 512.
BROOD_API void advise_large(void* memory, std::size_t size) noexcept;

}  // namespace brood::detail

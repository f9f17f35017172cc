#pragma once

#include <cstdint>

namespace brood::detail {

/// Whether elements may follow those that a job gets.
enum class Input : std::uint8_t { goes_on, ends };

}  // namespace brood::detail

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace brood::platform {

/// Number of the system call of this name; nothing where this processor has none.
std::optional<int> system_call_number(std::string_view name) noexcept;
/// "openat" for its number; empty for a number that had no name when Brood was compiled.
std::string system_call_name(int number);

}  // namespace brood::platform

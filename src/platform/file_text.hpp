#pragma once

#include <optional>
#include <string>

namespace brood::platform {

/// What a small file of /proc or /sys holds; nothing where it cannot be opened.
std::optional<std::string> file_text(const std::string& path);

}  // namespace brood::platform

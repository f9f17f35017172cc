#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace brood::bootstrap {

/// Runs the encoded preload hooks in the fork server; the text of the failure, empty for success.
std::string run_preload_hooks(std::span<const std::byte> hooks) noexcept;

}  // namespace brood::bootstrap

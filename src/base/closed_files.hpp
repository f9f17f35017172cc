#pragma once

#include <atomic>

namespace brood::base {

/// Set where a sandbox lets this process open no files any more: what would ask the file system, or
/// load a library, says that it does not know.
inline constinit std::atomic<bool> files_are_closed{false};

}  // namespace brood::base

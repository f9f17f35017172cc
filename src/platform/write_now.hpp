#pragma once

#include <cstddef>
#include <span>

#include "platform/pipe.hpp"

namespace brood::platform {

/// One write(2) of what the descriptor takes without waiting: of a terminal, a pipe or a socket
/// that other processes share, whose flags are not to be changed. A pipe takes up to 4 KiB whole or
/// not at all. Files are written to as usual. SIGPIPE is the caller's to keep away.
Transfer write_now(int descriptor, std::span<const std::byte> bytes) noexcept;

}  // namespace brood::platform

#pragma once

#include <cstdint>

namespace brood::base {

/// What limits.address_space lets this worker have, in bytes; 0: no limit. Set before anything is
/// decoded, where a lack of memory is told with it.
inline constinit std::uint64_t address_space_limit = 0;

}  // namespace brood::base

#pragma once

#include <cstdint>

namespace brood::platform {

/// A number that nobody else draws, never 0. Throws SystemError, which says that it was for `what`.
std::uint64_t random_number(const char* what);

}  // namespace brood::platform

#pragma once

#include <chrono>
#include <string>

namespace brood::base {

/// In seconds, or in milliseconds where it is less than one: "1.5 s", "20 ms", "0.0001 ms".
std::string duration_text(std::chrono::nanoseconds duration);

}  // namespace brood::base

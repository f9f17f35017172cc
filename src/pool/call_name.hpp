#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace brood::pool {

/// The name of the function that a definition begins with, as far as this program's symbols have
/// it: "count_file", "main::{lambda(int)#1}". Cost: the first one reads the program's debug
/// information.
std::string name_of_call(std::span<const std::byte> definition);

}  // namespace brood::pool

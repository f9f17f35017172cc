#pragma once

#include <string>
#include <typeinfo>

namespace brood::base {

/// A type's name as the source has it. Never throws but std::bad_alloc.
std::string type_name(const std::type_info& type);

}  // namespace brood::base

#pragma once

#include <string>
#include <string_view>

#include "base/stack_trace.hpp"

namespace brood::base {

/// Whether a function belongs to what stands between a worker's start and the user's code: this
/// library, the standard library's wrappers of calls, and the C library's start of a program.
bool is_between(const Location& location);
/// "std::__invoke_impl" of "int std::__invoke_impl<int, int (*&)(int), int&>(...)": without its
/// result, template arguments and parameters.
std::string bare_name(std::string_view function);

}  // namespace brood::base

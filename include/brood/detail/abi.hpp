#pragma once

#include <version>

#include <brood/detail/export.hpp>

// A program must be compiled as the library was, where that changes how the standard library's
// types lie in memory or are named; else it would crash without a word. Each mode has a symbol of
// its own: the library defines that of its mode, every file that includes Brood refers to that of
// the file's. Where they differ the linker's message names the cause.

#if !defined(__cpp_exceptions)
#error "brood needs exceptions: compile without -fno-exceptions"
#endif
#if !defined(__cpp_rtti)
#error "brood needs run-time type information: compile without -fno-rtti"
#endif

#if defined(_LIBCPP_VERSION)
#define BROOD_ABI program_uses_libcxx_which_libbrood_was_not_built_with
#elif defined(_GLIBCXX_DEBUG)
#define BROOD_ABI program_is_compiled_with_GLIBCXX_DEBUG_which_libbrood_was_not_built_with
#elif defined(_GLIBCXX_USE_CXX11_ABI) && !_GLIBCXX_USE_CXX11_ABI
#define BROOD_ABI program_is_compiled_with_GLIBCXX_USE_CXX11_ABI_0_which_libbrood_was_not_built_with
#else
#define BROOD_ABI program_lacks_GLIBCXX_DEBUG_or_another_switch_that_libbrood_was_built_with
#endif

namespace brood::detail {
BROOD_API extern const char BROOD_ABI;
namespace {
[[gnu::used]] const char* const abi_of_this_file = &BROOD_ABI;
}
}  // namespace brood::detail

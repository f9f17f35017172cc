#pragma once

#include <string_view>

// The page that shows a timeline, without the data: src/trace/page, as cmake/BroodTracePage.cmake
// puts it together.
namespace brood::trace {

/// Up to the place of the data.
std::string_view page_head();
/// From there on.
std::string_view page_tail();

}  // namespace brood::trace

#pragma once

#include <iterator>

// The concepts of ranges. libstdc++ has them in a header of their own, without the views of
// <ranges>, which take longer to read than most of Brood.
#if __has_include(<bits/ranges_base.h>) && !defined(_LIBCPP_VERSION)
#include <bits/ranges_base.h>
#else
#include <ranges>
#endif

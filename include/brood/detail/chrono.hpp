#pragma once

// Durations and clocks. libstdc++ has them in a header of their own, without the calendars, time
// zones and formatting of <chrono>, which take longer to read than most of Brood.
#if __has_include(<bits/chrono.h>) && !defined(_LIBCPP_VERSION)
#include <bits/chrono.h>
#else
#include <chrono>
#endif

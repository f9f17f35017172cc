#pragma once

#include <optional>

#include <brood/detail/chrono.hpp>
#include <brood/detail/duration.hpp>

namespace brood {

/// A duration of any unit, also a fractional one, or none: {.timeout = 0.5s}. A duration that does
/// not fit into 64 bits of nanoseconds becomes the longest that does.
class OptionalDuration : public std::optional<std::chrono::nanoseconds> {
 public:
  using std::optional<std::chrono::nanoseconds>::optional;
  /// Converts to nanoseconds.
  template <class Rep, class Period>
  constexpr OptionalDuration(std::chrono::duration<Rep, Period> duration)
      : std::optional<std::chrono::nanoseconds>(detail::saturated(duration)) {}
};

}  // namespace brood

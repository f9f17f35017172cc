#pragma once

#include <optional>

#include <brood/detail/chrono.hpp>

// The caller's durations, of any representation and period.
namespace brood::detail {

/// As nanoseconds: what is too long for them is the longest, and no number is nothing.
template <class Rep, class Period>
constexpr std::chrono::nanoseconds saturated(std::chrono::duration<Rep, Period> duration) {
  using std::chrono::nanoseconds;
  const std::chrono::duration<long double, std::nano> exact(duration);
  if (exact != exact) return nanoseconds::zero();
  if (exact >= nanoseconds::max()) return nanoseconds::max();
  if (exact <= nanoseconds::min()) return nanoseconds::min();
  return std::chrono::duration_cast<nanoseconds>(duration);
}

using Deadline = std::optional<std::chrono::steady_clock::time_point>;  // nothing: for ever

/// Waits that are longer than this have no end: X::max() is the usual way to write "for ever".
inline constexpr std::chrono::nanoseconds for_ever = std::chrono::hours(24 * 365 * 100);

/// When `duration` is over.
template <class Rep, class Period>
Deadline deadline_after(std::chrono::duration<Rep, Period> duration) {
  const std::chrono::nanoseconds wait = saturated(duration);
  if (wait >= for_ever) return std::nullopt;
  const auto now = std::chrono::steady_clock::now();
  return wait.count() > 0 ? now + wait : now;
}
/// Same for a moment, which may be any value of its type.
inline Deadline deadline_at(std::chrono::steady_clock::time_point time) {
  const auto now = std::chrono::steady_clock::now();
  if (time <= now) return now;
  return time - now < for_ever ? Deadline(time) : std::nullopt;
}

}  // namespace brood::detail

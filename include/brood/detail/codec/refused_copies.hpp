#pragma once

#include <bit>
#include <cstddef>
#include <type_traits>

#include <brood/detail/codec/call_with.hpp>

// Lambdas that brood::copied does not take. To use one of these overloads is an error of the line
// that calls.
namespace brood {

namespace detail {
template <std::size_t count>
struct Zeros {
  std::byte bytes[count]{};
};
/// A constant cannot be made of bytes where it has a pointer or reference in it, or a union, as
/// std::optional and std::variant have.
template <class F>
inline constexpr bool is_constant_of_bytes = requires {
  typename std::bool_constant<(static_cast<void>(std::bit_cast<F>(Zeros<sizeof(F)>{})), true)>;
};
/// Whether a trivially copyable lambda may have captured a pointer or reference. What is aligned as
/// less than a pointer has none.
template <class F>
inline constexpr bool may_hold_pointer = alignof(F) >= alignof(void*) && !is_constant_of_bytes<F>;
}  // namespace detail

template <class F>
requires(!std::is_trivially_copyable_v<F>) __attribute__((unavailable(
    "brood::copied: every capture must be a trivially copyable value; bind the others with "
    "brood::task(function, values...) instead"))) detail::NoResult copied(const F&) {
  return {};
}
template <class F>
requires(std::is_trivially_copyable_v<F>&& detail::may_hold_pointer<F>) __attribute__((unavailable(
    "brood::copied: a captured pointer or reference means nothing in another process; capture the "
    "value, or bind it with brood::task(function, values...), as also a std::optional or "
    "std::variant"))) detail::NoResult copied(const F&) {
  return {};
}

}  // namespace brood

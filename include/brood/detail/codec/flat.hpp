#pragma once

#include <array>
#include <cstddef>
#include <type_traits>

#include <brood/detail/codec/aggregate.hpp>

// Values whose bytes in memory are their encoding.
namespace brood::detail {

/// Whether aggregates of this type are their members, one behind the other, and these are numbers.
template <class T>
consteval bool find_packed();
template <class T>
inline constexpr bool is_packed = find_packed<T>();

/// Larger ones have their length in front, as what differs in size.
inline constexpr std::size_t most_in_flat_aggregate = 256;
template <class T>
inline constexpr bool is_flat = std::is_arithmetic_v<T> || std::is_enum_v<T> ||
                                (is_packed<T> && sizeof(T) <= most_in_flat_aggregate);

/// Most values of its byte are not a bool: reading it needs a check.
template <class T, bool = std::is_enum_v<T>>
inline constexpr bool is_boolean = std::is_same_v<T, bool>;
template <class T>
inline constexpr bool is_boolean<T, true> = std::is_same_v<std::underlying_type_t<T>, bool>;

/// Elements of a vector that are one block of bytes.
template <class T>
inline constexpr bool is_flat_element =
    std::is_arithmetic_v<T> || std::is_enum_v<T> ? !is_boolean<T> : is_packed<T>;
template <class T, std::size_t N>
inline constexpr bool is_flat_element<T[N]> = is_flat_element<T>;

template <class T>
inline constexpr bool is_flat_member = is_flat_element<T>;
template <class T, std::size_t N>
inline constexpr bool is_flat_member<std::array<T, N>> = N != 0 && is_flat_member<T>;

template <class T, class... M>
consteval bool is_packed_of(Members<M...>*) {
  return (is_flat_member<M> && ...) && (sizeof(M) + ...) == sizeof(T);
}
template <class T>
consteval bool find_packed() {
  if constexpr (!by_members<T> || !std::is_trivially_copyable_v<T>) {
    return false;
  } else if constexpr (shape_of<T> != Shape::of_members) {
    return false;
  } else {
    return is_packed_of<T>(static_cast<members_t<T>*>(nullptr));
  }
}

}  // namespace brood::detail

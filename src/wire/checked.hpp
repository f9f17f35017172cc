#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace brood::wire {

/// Throws CodecError: `value` is none that a `what` has.
[[noreturn]] void throw_unknown(const char* what, std::uint64_t value);

// Numbers that another process has written, before they choose anything here: a case of a switch,
// a place in a table. A negative number is a large one.

/// `value` as an index of a table of `size` entries. Throws CodecError.
template <class Integer>
std::size_t checked_index(Integer value, std::size_t size, const char* what) {
  const auto index = static_cast<std::uint64_t>(value);
  if (index >= size) throw_unknown(what, index);
  return static_cast<std::size_t>(index);
}

/// `value` as an enumerator of an enum that counts from 0 to `last`. Throws CodecError.
template <class Enum, class Integer>
Enum checked_enum(Integer value, Enum last, const char* what) {
  using Number = std::underlying_type_t<Enum>;
  const auto size = static_cast<std::size_t>(static_cast<Number>(last)) + 1;
  return static_cast<Enum>(static_cast<Number>(checked_index(value, size, what)));
}
/// Same for an enumerator that an archive has filled in.
template <class Enum>
requires std::is_enum_v<Enum> Enum checked_enum(Enum value, Enum last, const char* what) {
  return checked_enum(static_cast<std::underlying_type_t<Enum>>(value), last, what);
}

/// `value` as a truth: 0 or 1. Throws CodecError.
template <class Integer>
bool checked_bool(Integer value, const char* what) {
  return checked_index(value, 2, what) != 0;
}

}  // namespace brood::wire

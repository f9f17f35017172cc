#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <forward_list>
#include <list>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <brood/detail/codec/archive.hpp>
#include <brood/detail/codec/flat.hpp>
#include <brood/detail/codec/undecoded.hpp>
#include <brood/detail/large_memory.hpp>

// Strings and vectors of numbers: one check, one allocation and one copy. These overloads win over
// cereal's own, and write the same bytes.
namespace brood {

namespace detail {
template <class T>
inline constexpr bool is_flat_sequence = false;
template <class T, class A>
inline constexpr bool is_flat_sequence<std::vector<T, A>> = is_flat_element<T>;
template <class C, class T, class A>
inline constexpr bool is_flat_sequence<std::basic_string<C, T, A>> = true;

/// One whose decoding runs no code of the user's.
template <class T>
inline constexpr bool is_plain_sequence = false;
template <class T>
inline constexpr bool is_plain_sequence<std::vector<T>> =
    is_flat_element<T>&& std::is_trivially_default_constructible_v<T>;
template <class C>
inline constexpr bool is_plain_sequence<std::basic_string<C>> = std::is_integral_v<C>;

template <class T>
void take_flat_value(Reader& source, T& value) {
  if constexpr (is_boolean<T>) {
    std::uint8_t byte = 0;
    source.read(&byte, 1);
    if (byte > 1) throw_bad_bool(byte);  // in a bool it would be undefined behaviour
    value = static_cast<T>(byte != 0);
  } else {
    source.read(&value, sizeof value);
  }
}

inline std::uint64_t take_count(Reader& source) {
  std::uint64_t count = 0;
  source.read(&count, sizeof count);
  return count;
}

/// Appends length and elements of a vector or string.
template <class Sequence>
void put_flat(Bytes& target, const Sequence& sequence) {
  const std::uint64_t count = sequence.size();
  const std::size_t size = sequence.size() * sizeof(typename Sequence::value_type);
  std::byte* const start = target.extend(sizeof count + size);
  std::memcpy(start, &count, sizeof count);
  if (size != 0) std::memcpy(start + sizeof count, sequence.data(), size);
}

/// Elements that are still on their way: through a block that stays in the cache, so that the
/// memory they end in is touched once.
template <class Sequence>
void take_flat_blocks(Reader& source, Sequence& sequence, std::size_t count) {
  using Element = typename Sequence::value_type;
  constexpr std::size_t fitting = std::size_t{128} * 1024 / sizeof(Element);
  constexpr std::size_t block = fitting == 0 ? 1 : fitting;
  const auto elements = std::make_unique_for_overwrite<Element[]>(block);
  sequence.clear();
  while (count != 0) {
    const std::size_t some = count < block ? count : block;
    source.read(elements.get(), some * sizeof(Element));
    sequence.insert(sequence.end(), elements.get(), elements.get() + some);
    count -= some;
  }
}

template <class Sequence>
void take_flat(Reader& source, Sequence& sequence) {
  using Element = typename Sequence::value_type;
  const std::uint64_t count = take_count(source);
  if (count > source.left() / sizeof(Element)) throw_bad_length(count, source.left());
  const std::size_t size = static_cast<std::size_t>(count) * sizeof(Element);
  if (size == 0) return sequence.clear();
  if (size >= large_memory) {
    sequence.reserve(static_cast<std::size_t>(count));
    advise_large(sequence.data(), size);
  }
  if (size > source.in_memory())
    return take_flat_blocks(source, sequence, static_cast<std::size_t>(count));
  const std::span<const std::byte> bytes = source.take(size);
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(Element) == 0) {
    // Straight from the source: resize() would first fill the memory with zeros.
    const auto* const first = reinterpret_cast<const Element*>(bytes.data());
    sequence.assign(first, first + count);
  } else {
    sequence.resize(static_cast<std::size_t>(count));
    std::memcpy(sequence.data(), bytes.data(), bytes.size());
  }
}
}  // namespace detail

template <class T, class A>
requires detail::is_flat_element<T>
void CEREAL_SAVE_FUNCTION_NAME(OutputArchive& archive, const std::vector<T, A>& vector) {
  detail::put_flat(archive.target(), vector);
}
template <class T, class A>
requires detail::is_flat_element<T>
void CEREAL_LOAD_FUNCTION_NAME(InputArchive& archive, std::vector<T, A>& vector) {
  detail::take_flat(archive.source(), vector);
}

template <class C, class T, class A>
void CEREAL_SAVE_FUNCTION_NAME(OutputArchive& archive, const std::basic_string<C, T, A>& string) {
  detail::put_flat(archive.target(), string);
}
template <class C, class T, class A>
void CEREAL_LOAD_FUNCTION_NAME(InputArchive& archive, std::basic_string<C, T, A>& string) {
  detail::take_flat(archive.source(), string);
}

template <class T>
requires std::is_arithmetic_v<T>
void CEREAL_LOAD_FUNCTION_NAME(InputArchive& archive, T& value) {
  detail::take_flat_value(archive.source(), value);
}

namespace detail {
/// Values at which the depth is checked: those that objects nested without end are made of. A
/// recursion of a type's own, without the archive, still reads a flag for each level.
template <class T>
inline constexpr bool may_nest = std::is_arithmetic_v<T> ? sizeof(T) == 1 : !is_flat_sequence<T>;
template <class T>
inline constexpr bool may_nest<cereal::NameValuePair<T>> = false;
template <class A, class B>
inline constexpr bool may_nest<std::pair<A, B>> = false;
template <class... T>
inline constexpr bool may_nest<std::tuple<T...>> = false;
}  // namespace detail

// cereal calls these in front of every value, also of one that is not initialized yet: compilers
// warn of that unless they are part of their caller.
template <class T>
requires detail::may_nest<T>
[[gnu::always_inline]] inline void prologue(OutputArchive& archive, const T&) {
  archive.check_nesting();
}
template <class T>
requires detail::may_nest<T>
[[gnu::always_inline]] inline void prologue(InputArchive& archive, const T&) {
  archive.check_nesting();
}

namespace detail {
/// Reads `count` elements into the places that append() or append(value) makes, one by one as their
/// bytes turn up, so that a lying length costs no memory. Handles make no objects, only to drop
/// them.
template <class T, class Append>
void take_elements(InputArchive& archive, std::uint64_t count, Append append) {
  constexpr std::uint64_t block = 256;  // between two looks at whether they take bytes at all
  while (count != 0) {
    const std::size_t some = static_cast<std::size_t>(count < block ? count : block);
    const std::size_t before = archive.source().left();
    for (std::size_t i = 0; i < some; ++i) {
      if constexpr (decodes_into_nothing<T>) {
        archive(append(UndecodedAccess::make<T>()));
      } else {
        archive(append());
      }
    }
    const std::size_t taken = before - archive.source().left();
    if (taken < some) archive.count_empty_elements(some - taken);
    count -= some;
  }
}
}  // namespace detail

/// All the space is reserved first, which costs addresses and no memory: an element may hold
/// references to itself until serializeDeferments().
template <class T, class A>
requires(!detail::is_flat_element<T> &&
         !std::is_same_v<T, bool>) void CEREAL_LOAD_FUNCTION_NAME(InputArchive& archive,
                                                                  std::vector<T, A>& vector) {
  const std::uint64_t count = detail::take_count(archive.source());
  archive.claim(count);
  vector.clear();
  vector.reserve(static_cast<std::size_t>(count));
  detail::take_elements<T>(
      archive, count, [&](auto&&... initial) -> T& { return vector.emplace_back(initial...); });
}

// cereal's would make all elements before the first is read.
template <class T, class A>
void CEREAL_LOAD_FUNCTION_NAME(InputArchive& archive, std::deque<T, A>& deque) {
  const std::uint64_t count = detail::take_count(archive.source());
  archive.claim(count);
  deque.clear();
  detail::take_elements<T>(archive, count,
                           [&](auto&&... initial) -> T& { return deque.emplace_back(initial...); });
}
template <class T, class A>
void CEREAL_LOAD_FUNCTION_NAME(InputArchive& archive, std::list<T, A>& list) {
  const std::uint64_t count = detail::take_count(archive.source());
  archive.claim(count);
  list.clear();
  detail::take_elements<T>(archive, count,
                           [&](auto&&... initial) -> T& { return list.emplace_back(initial...); });
}
template <class T, class A>
void CEREAL_LOAD_FUNCTION_NAME(InputArchive& archive, std::forward_list<T, A>& list) {
  const std::uint64_t count = detail::take_count(archive.source());
  archive.claim(count);
  list.clear();
  auto last = list.before_begin();
  detail::take_elements<T>(archive, count, [&](auto&&... initial) -> T& {
    last = list.emplace_after(last, initial...);
    return *last;
  });
}

}  // namespace brood

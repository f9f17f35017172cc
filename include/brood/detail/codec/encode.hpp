#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <brood/detail/codec/archive.hpp>
#include <brood/detail/codec/contiguous.hpp>
#include <brood/detail/codec/hash_tables.hpp>
#include <brood/detail/codec/undecoded.hpp>

// Single values to bytes and back; the sentences for types that cannot.
namespace brood::detail {

template <class T>
concept EncodableItself =
    std::is_empty_v<T> || cereal::traits::is_output_serializable<T, OutputArchive>::value;
template <class T>
concept DecodableItself =
    std::is_empty_v<T> || cereal::traits::is_input_serializable<T, InputArchive>::value;

/// Whether cereal can serialize T. Looks into the standard's containers, pairs and tuples, whose
/// own serializers accept any element and fail deep inside.
template <class T>
struct Travels : std::bool_constant<EncodableItself<T> && DecodableItself<T>> {};
template <class T>
struct Travels<const T> : Travels<T> {};
template <class T>
struct Travels<T*> : std::false_type {};
template <class A, class B>
struct Travels<std::pair<A, B>> : std::conjunction<Travels<A>, Travels<B>> {};
template <class... T>
struct Travels<std::tuple<T...>> : std::conjunction<Travels<T>...> {};
template <class T, std::size_t N>
struct Travels<std::array<T, N>>
    : std::bool_constant<Travels<T>::value && EncodableItself<std::array<T, N>> &&
                         DecodableItself<std::array<T, N>>> {};
template <class T>
struct Travels<std::optional<T>>
    : std::bool_constant<Travels<T>::value && EncodableItself<std::optional<T>> &&
                         DecodableItself<std::optional<T>>> {};
template <template <class...> class Container, class T>
struct Travels<Container<T, std::allocator<T>>>
    : std::bool_constant<Travels<T>::value && EncodableItself<Container<T, std::allocator<T>>> &&
                         DecodableItself<Container<T, std::allocator<T>>>> {};

// Maps and sets, ordered or not: comparisons and hash functions (the template arguments between
// elements and allocator) are not sent.
template <class Container, class... Elements>
inline constexpr bool holds_travellers =
    (Travels<Elements>::value && ...) && EncodableItself<Container>&& DecodableItself<Container>;
template <template <class...> class Map, class K, class T, class C>
struct Travels<Map<K, T, C, std::allocator<std::pair<const K, T>>>>
    : std::bool_constant<
          holds_travellers<Map<K, T, C, std::allocator<std::pair<const K, T>>>, K, T>> {};
template <template <class...> class Map, class K, class T, class H, class E>
struct Travels<Map<K, T, H, E, std::allocator<std::pair<const K, T>>>>
    : std::bool_constant<
          holds_travellers<Map<K, T, H, E, std::allocator<std::pair<const K, T>>>, K, T>> {};
template <template <class...> class Set, class K, class C>
struct Travels<Set<K, C, std::allocator<K>>>
    : std::bool_constant<holds_travellers<Set<K, C, std::allocator<K>>, K>> {};
template <template <class...> class Set, class K, class H, class E>
struct Travels<Set<K, H, E, std::allocator<K>>>
    : std::bool_constant<holds_travellers<Set<K, H, E, std::allocator<K>>, K>> {};

// A polymorphic object is sent as its most derived type, if that is registered. An object that is
// made by load_and_construct is never decoded by itself.
template <class Pointer, class T>
inline constexpr bool points_to_traveller =
    (std::is_polymorphic_v<T> || Travels<T>::value ||
     (EncodableItself<T> && cereal::traits::has_load_and_construct<T, InputArchive>::value)) &&
    EncodableItself<Pointer>&& DecodableItself<Pointer>;
template <class T>
struct Travels<std::shared_ptr<T>>
    : std::bool_constant<points_to_traveller<std::shared_ptr<T>, T>> {};
template <class T, class D>
struct Travels<std::unique_ptr<T, D>>
    : std::bool_constant<points_to_traveller<std::unique_ptr<T, D>, T>> {};

/// Fails to compile, with one sentence, for a T that cannot be an argument or a result. True if it
/// can.
template <class T>
constexpr bool check_value() {
  static_assert(!std::is_reference_v<T>,
                "brood: a task's result is returned by value; return a copy: a reference (or "
                "std::reference_wrapper) "
                "means nothing in another process");
  static_assert(
      !std::is_pointer_v<T>,
      "brood: a pointer means nothing in another process; pass the value, or a std::unique_ptr or "
      "std::shared_ptr to it with cereal/types/memory.hpp included");
  using Value = std::remove_cvref_t<T>;
  if constexpr (!std::is_reference_v<T> && !std::is_pointer_v<T>) {
    static_assert(Travels<Value>::value,
                  "brood: this type cannot travel between processes: give it a cereal serialize() "
                  "function, or include "
                  "the cereal/types header for it");
    static_assert(
        std::is_default_constructible_v<Value>,
        "brood: a type that travels between processes needs a public default constructor");
    return Travels<Value>::value && std::is_default_constructible_v<Value>;
  }
  return false;
}

/// What is written without an archive: numbers, strings, vectors of numbers, and tuples of these.
/// The bytes are those that an archive would write.
template <class T>
inline constexpr bool is_direct = is_flat<T> || is_flat_sequence<T>;
template <class... T>
inline constexpr bool is_direct<std::tuple<T...>> = (is_direct<T> && ...);

template <class T>
void put_direct(Bytes& target, const T& value) {
  if constexpr (is_flat<T>) {
    target.append(&value, sizeof value);
  } else if constexpr (is_flat_sequence<T>) {
    put_flat(target, value);
  } else {
    std::apply([&](const auto&... element) { (put_direct(target, element), ...); }, value);
  }
}
template <class T>
void take_direct(Reader& source, T& value) {
  if constexpr (is_flat<T>) {
    take_flat_value(source, value);
  } else if constexpr (is_flat_sequence<T>) {
    take_flat(source, value);
  } else {
    std::apply([&](auto&... element) { (take_direct(source, element), ...); }, value);
  }
}

/// Throws the current exception as what encode_value promises.
[[noreturn]] BROOD_API void throw_encode_failure(const std::type_info& type);
[[noreturn]] BROOD_API void throw_decode_failure(const std::type_info& type);

/// Appends `value`. Throws CodecError where cereal fails, and what the type's own serializer
/// throws; `target` is then as it was.
template <class T>
void encode_value(Bytes& target, const T& value) {
  if constexpr (!check_value<T>()) {
    return;  // the sentence has been said; cereal's errors would hide it
  } else {
    const std::size_t start = target.size();
    try {
      if constexpr (is_direct<T>) {
        put_direct(target, value);
      } else {
        OutputArchive archive(target);
        archive(value);
      }
    } catch (...) {
      target.truncate(start);
      throw_encode_failure(typeid(T));
    }
  }
}

template <class T>
void decode_into(Reader& source, T& value) {
  try {
    if constexpr (is_direct<T>) {
      take_direct(source, value);
    } else {
      InputArchive archive(source);
      archive(value);
    }
  } catch (...) {
    throw_decode_failure(typeid(T));
  }
}

/// What to read a value into: a T{}, but that handles in it, or in a tuple or pair, make no object.
template <class T>
struct DecodeTarget {
  static constexpr bool differs = decodes_into_nothing<T>;
  static T make() {
    if constexpr (differs) {
      return UndecodedAccess::make<T>();
    } else {
      return T{};
    }
  }
};
template <class... T>
struct DecodeTarget<std::tuple<T...>> {
  static constexpr bool differs = (DecodeTarget<T>::differs || ...);
  static std::tuple<T...> make() {
    if constexpr (differs) {
      return std::tuple<T...>(DecodeTarget<T>::make()...);
    } else {
      return std::tuple<T...>{};
    }
  }
};

template <class First, class Second>
struct DecodeTarget<std::pair<First, Second>> {
  static constexpr bool differs = DecodeTarget<First>::differs || DecodeTarget<Second>::differs;
  static std::pair<First, Second> make() {
    if constexpr (differs) {
      return {DecodeTarget<First>::make(), DecodeTarget<Second>::make()};
    } else {
      return {};
    }
  }
};

/// Reads a value. Throws CodecError, whatever goes wrong: also for what the type's own serializer
/// throws.
template <class T>
T decode_value(Reader& source) {
  static_assert(std::is_same_v<T, std::remove_cvref_t<T>>);
  if constexpr (check_value<T>()) {
    T value = DecodeTarget<T>::make();
    decode_into(source, value);
    return value;
  }
}

}  // namespace brood::detail

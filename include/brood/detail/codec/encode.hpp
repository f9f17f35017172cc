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
#include <brood/detail/codec/verdict.hpp>

// Single values to bytes and back; the sentences for types that cannot.
namespace brood::detail {

/// Fails to compile, with its sentence, for a refusal.
template <class Found>
constexpr bool check_verdict() {
#define BROOD_CHECK(refusal, sentence) static_assert(Found::reason != Refusal::refusal, sentence);
  BROOD_VALUE_REFUSALS(BROOD_CHECK)
  BROOD_CALL_REFUSALS(BROOD_CHECK)
#undef BROOD_CHECK
  return Found::reason == Refusal::none;
}
/// Same for a T that cannot be an argument or a result. True if it can.
template <class T>
constexpr bool check_value() {
  return check_verdict<result_verdict_t<T>>();
}

/// What is written without an archive: numbers, strings, vectors of numbers, and tuples and
/// aggregates of these. The bytes are those that an archive would write.
template <class T>
inline constexpr bool is_direct = is_flat<T> || is_flat_sequence<T>;
template <class... T>
inline constexpr bool is_direct<std::tuple<T...>> = (is_direct<T> && ...);
template <class T, std::size_t N>
inline constexpr bool is_direct<T[N]> = is_direct<T>;
template <class... M>
inline constexpr bool is_direct<Members<M...>> = (is_direct<M> && ...);
template <class T>
requires by_members<T>
inline constexpr bool is_direct<T> = is_direct<members_t<T>>;

template <class T>
void put_direct(Bytes& target, const T& value) {
  if constexpr (is_flat<T>) {
    target.append(&value, sizeof value);
  } else if constexpr (is_flat_sequence<T>) {
    put_flat(target, value);
  } else if constexpr (std::is_array_v<T>) {
    for (const auto& element : value) put_direct(target, element);
  } else {
    const auto put = [&](const auto&... element) { (put_direct(target, element), ...); };
    if constexpr (by_members<T>) {
      each_member(value, put);
    } else {
      std::apply(put, value);
    }
  }
}
template <class T>
void take_direct(Reader& source, T& value) {
  if constexpr (is_flat<T>) {
    take_flat_value(source, value);
  } else if constexpr (is_flat_sequence<T>) {
    take_flat(source, value);
  } else if constexpr (std::is_array_v<T>) {
    for (auto& element : value) take_direct(source, element);
  } else {
    const auto take = [&](auto&... element) { (take_direct(source, element), ...); };
    if constexpr (by_members<T>) {
      each_member(value, take);
    } else {
      std::apply(take, value);
    }
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

/// What to read a value into: a T{}, but that handles in it, or in a tuple, pair or aggregate, make
/// no object.
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

template <class T, class... M>
struct DecodeTargetOf {
  static constexpr bool differs =
      (DecodeTarget<std::remove_all_extents_t<M>>::differs || ...) && !(std::is_array_v<M> || ...);
  static T make() {
    if constexpr (differs) {
      return T{DecodeTarget<M>::make()...};
    } else {
      return T{};
    }
  }
};
template <class T, class... M>
DecodeTargetOf<T, M...> decode_target_of(Members<M...>*);
template <class T>
requires by_members<T>
struct DecodeTarget<T> : decltype(decode_target_of<T>(static_cast<members_t<T>*>(nullptr))) {
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

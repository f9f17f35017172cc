#pragma once

#include <cereal/cereal.hpp>

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>

#include <brood/detail/codec/members.hpp>

// Which classes are encoded by their members, without a function of theirs.
namespace brood {
class OutputArchive;
class InputArchive;
}  // namespace brood

namespace brood::detail {

/// Initializes any member that is a value. Never called.
struct AnyValue {
  template <class T>
  operator T() const;
};
/// The same for a reference to what is not const.
struct AnyObject {
  template <class T>
  operator T&() const;
};
/// Initializes only what takes anything.
struct Unrelated {};
/// Converts to a base class of T. Never called.
template <class T>
struct AnyBase {
  template <class B>
  requires(std::is_base_of_v<B, T> && !std::is_same_v<B, T>) operator B() const;
};

/// Whether a class has a function that cereal may not call, being private, or cannot: its members
/// alone are not what is meant then.
struct CerealNames {
  void serialize();
  void save();
  void load();
};
template <class T>
struct WithCerealNames : T, CerealNames {};
template <class T>
inline constexpr bool has_cereal_names = false;
template <class T>
requires(!std::is_final_v<T>) inline constexpr bool has_cereal_names<T> = !requires {
  &WithCerealNames<T>::serialize;
}
|| !requires { &WithCerealNames<T>::save; }
|| !requires { &WithCerealNames<T>::load; };

/// A class that cereal has no function for, in either direction, and whose members are public.
template <class T>
inline constexpr bool by_members = false;
template <class T>
requires(std::is_class_v<T>&& std::is_aggregate_v<T> && !std::is_empty_v<T> &&
         !requires { std::tuple_size<T>::value; }) inline constexpr bool by_members<T> =
    cereal::traits::detail::count_output_serializers<T, OutputArchive>::value == 0 &&
    cereal::traits::detail::count_input_serializers<T, InputArchive>::value == 0 &&
    !has_cereal_names<T>;

enum class Shape : std::uint8_t { of_members, with_base, with_too_many, with_odd_member };

template <class T, std::size_t from = 0>
consteval std::size_t count_members() {
  if constexpr (from > most_members) {
    return from;
  } else if constexpr (braces_initialize<T, from + 1>()) {
    return count_members<T, from + 1>();
  } else {
    return from;
  }
}
/// Members of an aggregate, up to the first that {} does not initialize.
template <class T>
inline constexpr std::size_t member_count = count_members<T>();

template <class T>
consteval Shape find_shape() {
  constexpr std::size_t count = member_count<T>;
  if constexpr (
      requires { T{AnyBase<T>()}; } && !requires { T{Unrelated()}; }) {
    return Shape::with_base;
  } else if constexpr (count > most_members) {
    return Shape::with_too_many;
  } else if constexpr (count == 0 || !std::is_move_assignable_v<T> ||
                       braces_initialize<T, count, AnyValue>() ||
                       braces_initialize<T, count, AnyObject>()) {
    return Shape::with_odd_member;
  } else {
    return Shape::of_members;
  }
}
/// What becomes of an aggregate: its members can be decoded, or what is in the way. An odd member
/// is const, a reference, or has no default constructor that braces call.
template <class T>
inline constexpr Shape shape_of = find_shape<T>();

/// Types of members.
template <class... M>
struct Members {};
struct TypesOf {
  template <class... M>
  Members<M...> operator()(const M&...) const {
    return {};
  }
};
/// Members<...> of an aggregate whose shape is good.
template <class T>
using members_t = decltype(with_members<member_count<T>>(std::declval<T&>(), TypesOf()));

/// Returns use(member...) for an aggregate.
template <class T, class Use>
constexpr decltype(auto) each_member(T& value, Use use) {
  return with_members<member_count<std::remove_const_t<T>>>(value, use);
}

}  // namespace brood::detail

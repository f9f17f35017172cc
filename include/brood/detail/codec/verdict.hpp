#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <brood/detail/codec/aggregate.hpp>
#include <brood/detail/codec/archive.hpp>
#include <brood/detail/codec/refusal.hpp>

// Which values can travel.
namespace brood::detail {

template <class T>
concept EncodableItself =
    std::is_empty_v<T> || cereal::traits::is_output_serializable<T, OutputArchive>::value;
template <class T>
concept DecodableItself =
    std::is_empty_v<T> || cereal::traits::is_input_serializable<T, InputArchive>::value;

/// std::function and its kin: templates whose first argument is a signature.
template <class T>
inline constexpr bool hides_function = false;
template <template <class...> class Wrapper, class Signature, class... Others>
requires(std::is_function_v<Signature>) inline constexpr bool hides_function<
    Wrapper<Signature, Others...>> = true;

/// std::filesystem::directory_entry, without its header.
template <class T>
concept DirectoryEntry = requires(const T& entry) {
  entry.path();
  entry.hard_link_count();
  entry.symlink_status();
};

/// The aggregates that a value is inside of. One that holds itself, in a container, is as good as
/// its other members.
template <class... Outer>
struct Inside {};
template <class T, class Outer>
inline constexpr bool is_inside = false;
template <class T, class... Outer>
inline constexpr bool is_inside<T, Inside<Outer...>> = (std::is_same_v<T, Outer> || ...);

/// What cereal, or the members of an aggregate, make of a T: `type` is a Verdict. Looks into the
/// standard's containers, pairs and tuples, whose own serializers accept any element and fail deep
/// inside.
template <class T, class Outer = Inside<>>
struct Judged;
template <class T, class Outer = Inside<>>
using verdict_t = typename Judged<T, Outer>::type;

template <class T, class Outer>
struct JudgedMembers;

template <class T, class Outer>
consteval auto judge() {
  if constexpr (EncodableItself<T> && DecodableItself<T>) {
    return Accepted();
  } else if constexpr (std::is_null_pointer_v<T> || std::is_member_pointer_v<T>) {
    return Verdict<Refusal::pointer, T>();
  } else if constexpr (hides_function<T>) {
    return Verdict<Refusal::hidden_function, T>();
  } else if constexpr (DirectoryEntry<T>) {
    return Verdict<Refusal::directory_entry, T>();
  } else if constexpr (!by_members<T>) {
    return Verdict<Refusal::no_serializer, T>();
  } else if constexpr (is_inside<T, Outer>) {
    return Accepted();
  } else if constexpr (shape_of<T> == Shape::with_base) {
    return Verdict<Refusal::base_class, T>();
  } else if constexpr (shape_of<T> == Shape::with_too_many) {
    return Verdict<Refusal::too_many_members, T>();
  } else if constexpr (shape_of<T> == Shape::with_odd_member) {
    return Verdict<Refusal::odd_member, T>();
  } else {
    return typename JudgedMembers<members_t<T>, typename JudgedMembers<T, Outer>::inside>::type();
  }
}
template <class T, class Outer>
struct Judged {
  using type = decltype(judge<T, Outer>());
};

template <class T, class... Outer>
struct JudgedMembers<T, Inside<Outer...>> {
  using inside = Inside<T, Outer...>;
};
/// Names a member's type and its class.
template <class Owner, class T>
struct Member;
template <class... M, class Owner, class... Outer>
struct JudgedMembers<Members<M...>, Inside<Owner, Outer...>> {
  template <class T>
  using judged =
      std::conditional_t<std::is_pointer_v<T>,
                         std::type_identity<Verdict<Refusal::pointer_member, Member<Owner, T>>>,
                         Judged<T, Inside<Owner, Outer...>>>;
  using type = first_refusal_t<typename judged<std::remove_all_extents_t<M>>::type...>;
};

/// Elements of a container, and whether cereal's header for it is there.
template <class Container, class Outer, class... Elements>
struct JudgedContainer {
  using elements = first_refusal_t<verdict_t<Elements, Outer>...>;
  using type = std::conditional_t<elements::reason != Refusal::none ||
                                      (EncodableItself<Container> && DecodableItself<Container>),
                                  elements, Verdict<Refusal::no_serializer, Container>>;
};

template <class T, class O>
struct Judged<const T, O> : Judged<T, O> {};
template <class T, class O>
struct Judged<T*, O> {
  using type = Verdict<Refusal::pointer, T*>;
};
template <class T, class O>
struct Judged<T&, O> {
  using type = Verdict<Refusal::reference, T&>;
};
template <class T, class O>
struct Judged<std::reference_wrapper<T>, O> {
  using type = Verdict<Refusal::reference, std::reference_wrapper<T>>;
};
template <class C, class T, class O>
struct Judged<std::basic_string_view<C, T>, O> {
  using type = Verdict<Refusal::text_view, std::basic_string_view<C, T>>;
};
template <class T, std::size_t N, class O>
struct Judged<std::span<T, N>, O> {
  using type = Verdict<Refusal::span, std::span<T, N>>;
};
template <class A, class B, class O>
struct Judged<std::pair<A, B>, O> {
  using type = first_refusal_t<verdict_t<A, O>, verdict_t<B, O>>;
};
template <class... T, class O>
struct Judged<std::tuple<T...>, O> {
  using type = first_refusal_t<verdict_t<T, O>...>;
};
template <class T, std::size_t N, class O>
struct Judged<std::array<T, N>, O> : JudgedContainer<std::array<T, N>, O, T> {};
template <class T, class O>
struct Judged<std::optional<T>, O> : JudgedContainer<std::optional<T>, O, T> {};
/// std::variant, without its header.
template <template <class...> class Variant, class... T, class O>
requires requires(const Variant<T...>& variant) { variant.valueless_by_exception(); }
struct Judged<Variant<T...>, O> : JudgedContainer<Variant<T...>, O, T...> {};
template <template <class...> class Container, class T, class O>
struct Judged<Container<T, std::allocator<T>>, O>
    : JudgedContainer<Container<T, std::allocator<T>>, O, T> {};

// Maps and sets, ordered or not: comparisons and hash functions (the template arguments between
// elements and allocator) are not sent.
template <template <class...> class Map, class K, class T, class C, class O>
struct Judged<Map<K, T, C, std::allocator<std::pair<const K, T>>>, O>
    : JudgedContainer<Map<K, T, C, std::allocator<std::pair<const K, T>>>, O, K, T> {};
template <template <class...> class Map, class K, class T, class H, class E, class O>
struct Judged<Map<K, T, H, E, std::allocator<std::pair<const K, T>>>, O>
    : JudgedContainer<Map<K, T, H, E, std::allocator<std::pair<const K, T>>>, O, K, T> {};
template <template <class...> class Set, class K, class C, class O>
struct Judged<Set<K, C, std::allocator<K>>, O>
    : JudgedContainer<Set<K, C, std::allocator<K>>, O, K> {};
template <template <class...> class Set, class K, class H, class E, class O>
struct Judged<Set<K, H, E, std::allocator<K>>, O>
    : JudgedContainer<Set<K, H, E, std::allocator<K>>, O, K> {};

// A polymorphic object is sent as its most derived type, if that is registered. An object that is
// made by load_and_construct is never decoded by itself.
template <class T>
inline constexpr bool is_made_elsewhere =
    std::is_polymorphic_v<T> ||
    (EncodableItself<T> && cereal::traits::has_load_and_construct<T, InputArchive>::value);
template <class Pointer, class T, class O>
struct JudgedPointer : JudgedContainer<Pointer, O, T> {};
template <class Pointer, class T, class O>
requires is_made_elsewhere<T>
struct JudgedPointer<Pointer, T, O> : JudgedContainer<Pointer, O> {
};
template <class T, class O>
struct Judged<std::shared_ptr<T>, O> : JudgedPointer<std::shared_ptr<T>, T, O> {};
template <class T, class D, class O>
struct Judged<std::unique_ptr<T, D>, O> : JudgedPointer<std::unique_ptr<T, D>, T, O> {};

/// Whether a T can be encoded and decoded; it may lack the default constructor that a receiver of
/// single values needs.
template <class T>
inline constexpr bool travels = verdict_t<T>::reason == Refusal::none;

template <class T, class Found>
struct WithDefault {
  using type = Found;
};
template <class T>
requires(!std::is_default_constructible_v<T>) struct WithDefault<T, Accepted> {
  using type = Verdict<Refusal::no_default, T>;
};
/// The same for an argument.
template <class T>
using value_verdict_t = typename WithDefault<T, verdict_t<T>>::type;

template <class T>
struct ResultVerdict {
  using type = value_verdict_t<std::remove_cv_t<T>>;
};
template <class T>
requires std::is_reference_v<T>
struct ResultVerdict<T> {
  using type = Verdict<Refusal::reference_result, T>;
};
/// The same for a result.
template <class T>
using result_verdict_t = typename ResultVerdict<T>::type;

/// A value that is sent by itself, not with a call.
template <class T>
struct Sent {
  using verdict = result_verdict_t<T>;
};
/// For a class template: Demand<T>().accepted() is true, or does not compile. The error is one of
/// the function that says so.
template <class T>
using Demand = Sentence<Sent<T>>;

}  // namespace brood::detail

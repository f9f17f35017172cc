#pragma once

#include <initializer_list>
#include <span>
#include <tuple>
#include <type_traits>
#include <vector>

#include <brood/detail/codec/callable.hpp>

// Inputs in braces, which no parameter of deduced type takes:
//   pool.try_map(square, {1, 2, 3});
//   pool.starmap(add, {{1, 2}, {3, 4}});
namespace brood::detail {

/// The parameters of a function whose type tells them, as the tuple of values that calls it.
template <class F>
struct Parameters {};
template <class R, class... P>
struct Parameters<R (*)(P...)> {
  using type = std::tuple<stored_t<P>...>;
};
template <class R, class... P>
struct Parameters<R (*)(P...) noexcept> : Parameters<R (*)(P...)> {};
template <class R, class C, class... P>
struct Parameters<R (C::*)(P...) const> : Parameters<R (*)(P...)> {};
template <class R, class C, class... P>
struct Parameters<R (C::*)(P...) const noexcept> : Parameters<R (*)(P...)> {};
template <class F>
requires requires { &F::operator(); }
struct Parameters<F> : Parameters<decltype(&F::operator())> {};
template <class F>
using parameters_t = typename Parameters<F>::type;
template <class T, class F>
concept ParametersOf = requires {
  requires std::is_same_v<T, parameters_t<F>>;
};
template <class T, class F>
concept NotParametersOf = !ParametersOf<T, F>;

/// For a verb that returns when it has its results.
template <class T>
std::span<const T> view_of(std::initializer_list<T> list) noexcept {
  return {list.begin(), list.size()};
}
/// For a verb whose results are taken after the expression that calls, with which the list ends.
template <class T>
std::vector<stored_t<T>> kept(std::initializer_list<T> list) {
  return {list.begin(), list.end()};
}

}  // namespace brood::detail

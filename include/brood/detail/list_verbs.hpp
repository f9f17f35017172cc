#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <brood/detail/callable.hpp>

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

/// The verbs of `Calls` for inputs in braces, which no parameter of deduced type takes:
///   pool.try_map(square, {1, 2, 3});
///   pool.starmap(add, {{1, 2}, {3, 4}});
template <class Calls>
class ListVerbs {
 public:
  template <class F, class T>
  auto map(F f, std::initializer_list<T> list) const {
    return calls().map(std::move(f), lent(list));
  }
  template <class F, class T>
  auto map_async(F f, std::initializer_list<T> list) const {
    return calls().map_async(std::move(f), lent(list));
  }
  template <class F, class T>
  requires(!ParametersOf<T, F>) auto starmap(F f, std::initializer_list<T> list) const {
    return calls().starmap(std::move(f), lent(list));
  }
  template <class F>
  auto starmap(F f, std::initializer_list<parameters_t<F>> list) const {
    return calls().starmap(std::move(f), lent(list));
  }
  template <class F, class T>
  requires(!ParametersOf<T, F>) auto starmap_async(F f, std::initializer_list<T> list) const {
    return calls().starmap_async(std::move(f), lent(list));
  }
  template <class F>
  auto starmap_async(F f, std::initializer_list<parameters_t<F>> list) const {
    return calls().starmap_async(std::move(f), lent(list));
  }
  template <class F, class T>
  auto imap(F f, std::initializer_list<T> list) const {
    return calls().imap(std::move(f), kept(list));
  }
  template <class F, class T>
  auto imap_unordered(F f, std::initializer_list<T> list) const {
    return calls().imap_unordered(std::move(f), kept(list));
  }
  template <class F, class T>
  auto try_map(F f, std::initializer_list<T> list) const {
    return calls().try_map(std::move(f), lent(list));
  }
  template <class F, class T>
  void for_each(F f, std::initializer_list<T> list) const {
    calls().for_each(std::move(f), lent(list));
  }
  template <class F, class X, class C, class T>
  T map_reduce(F f, std::initializer_list<X> list, C combine, T init) const {
    return calls().map_reduce(std::move(f), lent(list), std::move(combine), std::move(init));
  }

 private:
  const Calls& calls() const noexcept { return static_cast<const Calls&>(*this); }
  template <class T>
  static std::span<const T> lent(std::initializer_list<T> list) noexcept {
    return {list.begin(), list.size()};
  }
  /// The list ends with the expression that calls, and its results are taken after that.
  template <class T>
  static std::vector<stored_t<T>> kept(std::initializer_list<T> list) {
    return {list.begin(), list.end()};
  }
};

}  // namespace brood::detail

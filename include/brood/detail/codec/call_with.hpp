#pragma once

#include <functional>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <brood/detail/export.hpp>

// How a function is called with the values that have come for it.
namespace brood::detail {

/// What PoolOptions::state has made in this worker, which has to be of this type. Throws
/// UsageError.
BROOD_API void* worker_state(const std::type_info& type);

/// Stands for what does not exist once a sentence has been said: further errors of the compiler
/// would only hide it.
struct NoResult {
  template <class T>
  operator T() const;
  template <class... Args>
  NoResult operator()(Args&&...) const;
};
template <class... T>
inline constexpr bool never = false;
template <class T>
concept IsTuple = requires {
  std::tuple_size<T>::value;
};

/// The first parameter of a function whose type tells it.
template <class F>
struct FirstParameter {
  using type = void;
};
template <class R, class First, class... P>
struct FirstParameter<R (*)(First, P...)> {
  using type = First;
};
template <class R, class First, class... P>
struct FirstParameter<R (*)(First, P...) noexcept> : FirstParameter<R (*)(First)> {};
template <class R, class C, class First, class... P>
struct FirstParameter<R (C::*)(First, P...)> : FirstParameter<R (*)(First)> {};
template <class R, class C, class First, class... P>
struct FirstParameter<R (C::*)(First, P...) noexcept> : FirstParameter<R (*)(First)> {};
template <class R, class C, class First, class... P>
struct FirstParameter<R (C::*)(First, P...) const> : FirstParameter<R (*)(First)> {};
template <class R, class C, class First, class... P>
struct FirstParameter<R (C::*)(First, P...) const noexcept> : FirstParameter<R (*)(First)> {};
template <class F>
requires requires { &F::operator(); }
struct FirstParameter<F> : FirstParameter<decltype(&F::operator())> {};

/// Whether its first parameter is a T& that is not const: it may take the worker's state.
/// Not so with a pointer to a member.
template <class F, class First = typename FirstParameter<F>::type>
inline constexpr bool may_take_state =
    std::is_lvalue_reference_v<First> && !std::is_const_v<std::remove_reference_t<First>> &&
    !std::is_member_pointer_v<F>;
template <class F>
using state_of_t = std::remove_reference_t<typename FirstParameter<F>::type>;

template <class F, class... Args>
inline constexpr bool can_call_without_state =
    std::is_invocable_v<F&, Args&&...> || std::is_invocable_v<F&, Args&...>;
template <class F, class... Args>
constexpr bool takes_state() {
  if constexpr (can_call_without_state<F, Args...> || !may_take_state<F>) {
    return false;
  } else {
    return std::is_invocable_v<F&, state_of_t<F>&, Args&&...> ||
           std::is_invocable_v<F&, state_of_t<F>&, Args&...>;
  }
}

/// Calls with values as rvalues, or as lvalues where the function wants to change them.
template <class F, class... Args>
decltype(auto) call_with(F& function, Args&... args) {
  if constexpr (std::is_invocable_v<F&, Args&&...>) {
    return std::invoke(function, std::move(args)...);
  } else if constexpr (std::is_invocable_v<F&, Args&...>) {
    return std::invoke(function, args...);
  } else if constexpr (takes_state<F, Args...>()) {
    auto& state = *static_cast<state_of_t<F>*>(worker_state(typeid(state_of_t<F>)));
    if constexpr (std::is_invocable_v<F&, state_of_t<F>&, Args&&...>) {
      return std::invoke(function, state, std::move(args)...);
    } else {
      return std::invoke(function, state, args...);
    }
  } else {
    static_assert(never<F, Args...>,
                  "brood: this function cannot be called with these arguments, which arrive as "
                  "values: a string literal or a view of text as std::string, which no const char* "
                  "parameter takes");
    return NoResult();
  }
}
/// Calls with the elements of a tuple, pair or array.
template <class F, class Tuple>
decltype(auto) call_with_each(F& function, Tuple& arguments) {
  return std::apply([&](auto&... args) -> decltype(auto) { return call_with(function, args...); },
                    arguments);
}

}  // namespace brood::detail

#pragma once

#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

// How a function is called with the values that have come for it.
namespace brood::detail {

/// Stands for what does not exist once a sentence has been said: further errors of the compiler
/// would only bury it.
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

/// Calls with values as rvalues, or as lvalues where the function wants to change them.
template <class F, class... Args>
decltype(auto) call_with(F& function, Args&... args) {
  if constexpr (std::is_invocable_v<F&, Args&&...>) {
    return std::invoke(function, std::move(args)...);
  } else if constexpr (std::is_invocable_v<F&, Args&...>) {
    return std::invoke(function, args...);
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

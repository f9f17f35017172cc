#pragma once

#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

// How a function is called with the values that have come for it.
namespace brood::detail {

/// Stands for the element of what is no range, once that has been said.
struct NoElement {};
/// Stands for the result where a static_assert has failed: further errors of the compiler would
/// only hide its sentence.
struct NoResult {};
template <class... T>
inline constexpr bool never = false;
template <class T>
concept IsTuple = requires {
  std::tuple_size<T>::value;
};

/// Calls with values as rvalues, or as lvalues where the function wants to change them.
template <class F, class... Args>
decltype(auto) call_with(F& function, Args&... args) {
  if constexpr ((std::is_same_v<Args, NoElement> || ...)) {
    return NoResult();
  } else if constexpr (std::is_invocable_v<F&, Args&&...>) {
    return std::invoke(function, std::move(args)...);
  } else if constexpr (std::is_invocable_v<F&, Args&...>) {
    return std::invoke(function, args...);
  } else {
    static_assert(never<F, Args...>,
                  "brood: this function cannot be called with these arguments. They arrive as "
                  "values: a string literal or a view of text as std::string, which no const char* "
                  "parameter takes");
    return NoResult();
  }
}
/// Calls with the elements of a tuple, pair or array.
template <class F, class Tuple>
decltype(auto) call_with_each(F& function, Tuple& arguments) {
  if constexpr (std::is_same_v<Tuple, NoElement>) {
    return NoResult();
  } else if constexpr (!IsTuple<Tuple>) {
    static_assert(never<F, Tuple>,
                  "brood: starmap takes a range of tuples, pairs or arrays, one element for each "
                  "parameter; a range of single values is for map");
    return NoResult();
  } else {
    return std::apply([&](auto&... args) -> decltype(auto) { return call_with(function, args...); },
                      arguments);
  }
}

}  // namespace brood::detail

#pragma once

#include <cstddef>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <brood/detail/codec/call_with.hpp>
#include <brood/detail/codec/callable.hpp>
#include <brood/detail/codec/verdict.hpp>
#include <brood/detail/pool/elements.hpp>
#include <brood/detail/pool/results.hpp>

// Whether a pool can make a call, and what that returns. Nothing is instantiated for one that it
// cannot make.
namespace brood::detail {

inline constexpr std::size_t most_parameters = 1000, unknown_arity = 2 * most_parameters;
/// How many arguments a callable takes and what it returns, as far as its type tells.
template <class F>
struct Signature {
  static constexpr std::size_t arity = unknown_arity;
  using result = NoResult;
};
template <class R, class... P>
struct Signature<R(P...)> {
  static constexpr std::size_t arity = sizeof...(P);
  using result = R;
};
template <class R, class... P>
struct Signature<R(P...) const> : Signature<R(P...)> {};
template <class R, class... P>
struct Signature<R(P...) noexcept> : Signature<R(P...)> {};
template <class R, class... P>
struct Signature<R(P...) const noexcept> : Signature<R(P...)> {};
template <class F>
struct Signature<F*> : Signature<F> {};
template <class F, class C>
struct Signature<F C::*> : Signature<F> {
  static constexpr std::size_t arity = Signature<F>::arity + 1;
};
template <class T, class C>
requires std::is_object_v<T>
struct Signature<T C::*> {
  static constexpr std::size_t arity = 1;
  using result = T;
};
template <class F>
requires requires { &F::operator(); }
struct Signature<F> : Signature<decltype(&F::operator())> {
  static constexpr std::size_t arity = Signature<decltype(&F::operator())>::arity - 1;
};

template <class F, class... Args>
inline constexpr bool can_call = can_call_without_state<F, Args...> || takes_state<F, Args...>();
/// The type of a function's result as a value. Whether the result is const does not matter to its
/// receiver. A pointer to a data member gives a reference to the member; its value is sent.
template <class F, class R>
using returned_t = std::conditional_t<std::is_member_object_pointer_v<F>, std::remove_cvref_t<R>,
                                      std::remove_cv_t<R>>;
template <class F, class... Args>
using result_of_t =
    returned_t<F, decltype(call_with(std::declval<F&>(), std::declval<Args&>()...))>;
/// What is sent back for a result of type R: a byte for void.
template <class R>
using result_t = std::conditional_t<std::is_void_v<R>, char, R>;

/// Of a call whose result does not matter.
template <class F, class... Args>
consteval auto judge_arguments() {
  using Values = first_refusal_t<task_verdict_t<F>, value_verdict_t<Args>...>;
  if constexpr (Values::reason != Refusal::none || can_call<F, Args...>) {
    return Values();
  } else if constexpr (Signature<F>::arity < most_parameters &&
                       Signature<F>::arity != sizeof...(Args)) {
    return Verdict<Refusal::argument_number, F>();
  } else {
    return Verdict<Refusal::argument_types, F>();
  }
}
template <class F, class... Args>
consteval auto judge_call() {
  using Found = decltype(judge_arguments<F, Args...>());
  if constexpr (Found::reason != Refusal::none) {
    return Found();
  } else {
    return result_verdict_t<result_t<result_of_t<F, Args...>>>();
  }
}

/// What the caller of a refused call expects, as far as that is known: further errors would bury
/// the one that matters.
template <class F, class... Args>
struct Expected {
  using type = std::decay_t<typename Signature<F>::result>;
};
template <class F, class... Args>
requires can_call<F, Args...>
struct Expected<F, Args...> {
  using type = std::decay_t<result_of_t<F, Args...>>;
};

/// A call of an F with arguments of these types. `result` is what it returns; there is none where
/// `verdict` is a refusal.
template <class Found, class F, class... Args>
struct Judgement {
  using verdict = Found;
  using expected = Expected<F, Args...>;
};
template <class F, class... Args>
struct Judgement<Accepted, F, Args...> {
  using verdict = Accepted;
  using result = result_of_t<F, Args...>;
  using expected = std::type_identity<result>;
};
template <class F, class... Args>
using call_judgement_t = Judgement<decltype(judge_call<F, Args...>()), F, Args...>;

/// apply(f, args...)
template <class F, class... Args>
struct ApplyCall : call_judgement_t<F, stored_t<Args>...> {};

/// map(f, range), and what else takes elements one by one.
template <class F, class Range>
struct MapCall : Judgement<Verdict<Refusal::no_range, Range>, F> {};
template <class F, std::ranges::range Range>
struct MapCall<F, Range> : call_judgement_t<F, element_t<Range>> {};

template <class F, class Tuple>
struct TupleCall : Judgement<Verdict<Refusal::no_tuples, Tuple>, F> {};
template <class F, class Tuple, std::size_t... i>
call_judgement_t<F, std::tuple_element_t<i, Tuple>...> judge_tuple(std::index_sequence<i...>);
template <class F, IsTuple Tuple>
struct TupleCall<F, Tuple>
    : decltype(judge_tuple<F, Tuple>(std::make_index_sequence<std::tuple_size_v<Tuple>>())) {};
/// starmap(f, range)
template <class F, class Range>
struct StarmapCall : Judgement<Verdict<Refusal::no_range, Range>, F> {};
template <class F, std::ranges::range Range>
struct StarmapCall<F, Range> : TupleCall<F, element_t<Range>> {};

/// map_into(f, range, output)
template <class F, class Range, class Output>
consteval auto judge_map_into() {
  using Call = MapCall<F, Range>;
  if constexpr (Call::verdict::reason != Refusal::none) {
    return typename Call::verdict();
  } else if constexpr (std::is_void_v<typename Call::result>) {
    return Verdict<Refusal::no_result, F>();
  } else if constexpr (!holds_results<Output, typename Call::result>) {
    return Verdict<Refusal::no_output, Output>();
  } else {
    return Accepted();
  }
}
template <class F, class Range, class Output>
struct MapIntoCall {
  using verdict = decltype(judge_map_into<F, Range, Output>());
};

/// map_reduce(f, range, combine, init)
template <class F, class Range, class C, class T>
struct ReduceCall {
  using verdict = Verdict<Refusal::no_range, Range>;
};
template <class F, std::ranges::range Range, class C, class T>
struct ReduceCall<F, Range, C, T> {
  using verdict = first_refusal_t<decltype(judge_arguments<F, element_t<Range>>()),
                                  task_verdict_t<C>, result_verdict_t<T>>;
};

template <class Call>
using expected_t = typename Call::expected::type;

}  // namespace brood::detail

#pragma once

#include <initializer_list>

#include <brood/detail/pool/call_verdict.hpp>
#include <brood/detail/pool/calls.hpp>
#include <brood/detail/pool/parameters.hpp>

// What the verbs of a pool return, and what they take. There is no such type for a call that cannot
// be made.
namespace brood {

/// The type of the value that f(args...) returns.
template <class F, class... Args>
using ApplyResult = typename detail::ApplyCall<F, Args...>::result;
/// The type of the value that f(x) returns for an element x of the range.
template <class F, class Range>
using MapResult = typename detail::MapCall<F, Range>::result;
/// The type of the value that f(std::get<0>(t), std::get<1>(t), ...) returns for a tuple, pair or
/// array t of the range.
template <class F, class Range>
using StarmapResult = typename detail::StarmapCall<F, Range>::result;
/// What a map returns for results of type R: std::vector<R>, or void where R is void.
template <class R>
using Results = detail::results_t<R>;
/// A list of tuples in braces, for starmap: {{1, 2}, {3, 4}}. The parameters of f give the type of
/// the tuples.
template <class F>
using TupleList = std::initializer_list<detail::parameters_t<F>>;
/// A T that is another type than that of the tuples of a TupleList<F>.
template <class T, class F>
concept NotParametersOf = detail::NotParametersOf<T, F>;
/// An F that may be a task and takes the elements of the range.
template <class F, class Range>
concept MapsOver = detail::is_accepted<detail::MapCall<F, Range>>;
/// The same, and its results can be written to `Output`.
template <class F, class Range, class Output>
concept MapsInto = detail::is_accepted<detail::MapIntoCall<F, Range, Output>>;
/// An F that may be a task and takes the elements of the range, a C that may be a task, and a T
/// that travels.
template <class F, class Range, class C, class T>
concept Reduces = detail::is_accepted<detail::ReduceCall<F, Range, C, T>>;

}  // namespace brood

#pragma once

#include <brood/pool.hpp>

// The bodies of the verbs. An input in braces is the range that it makes.
namespace brood {

template <class F, class... Args>
ApplyResult<F, Args...> PoolCalls::apply(F f, Args&&... args) const {
  using R = ApplyResult<F, Args...>;
  return calls_.wait_for<R>(calls_.single<F, R>(detail::Lifetime::until_return, f, args...));
}
template <class F, class... Args>
AsyncResult<ApplyResult<F, Args...>> PoolCalls::apply_async(F f, Args&&... args) const {
  using R = ApplyResult<F, Args...>;
  return calls_.single_later<R>(calls_.single<F, R>(detail::Lifetime::unknown, f, args...));
}

template <class F, class Range>
Results<MapResult<F, Range>> PoolCalls::map(F f, Range&& range) const {
  using R = MapResult<F, Range>;
  return calls_.collect<R>(calls_.map<F, R>(f, range, detail::Lifetime::until_return));
}
template <class F, class T>
Results<MapResult<F, std::initializer_list<T>>> PoolCalls::map(
    F f, std::initializer_list<T> list) const {
  return map(std::move(f), detail::view_of(list));
}

template <class F, class Range, class Output>
requires MapsInto<F, Range, Output>
void PoolCalls::map_into(F f, Range&& range, Output&& output) const {
  using R = MapResult<F, Range>;
  const std::span values(std::ranges::data(output), std::ranges::size(output));
  const detail::Lifetime lifetime = detail::lifetime_beside(range, std::as_bytes(values));
  calls_.collect_into<R>(calls_.map<F, R>(f, range, lifetime), values);
}
template <class F, class T, class Output>
requires MapsInto<F, std::initializer_list<T>, Output>
void PoolCalls::map_into(F f, std::initializer_list<T> list, Output&& output) const {
  map_into(std::move(f), detail::view_of(list), output);
}

template <class F, class Range>
AsyncResult<Results<MapResult<F, Range>>> PoolCalls::map_async(F f, Range&& range) const {
  using R = MapResult<F, Range>;
  return calls_.all_later<R>(calls_.map<F, R>(f, range, detail::Lifetime::unknown));
}
template <class F, class T>
AsyncResult<Results<MapResult<F, std::initializer_list<T>>>> PoolCalls::map_async(
    F f, std::initializer_list<T> list) const {
  return map_async(std::move(f), detail::view_of(list));
}

template <class F, class Range>
Results<StarmapResult<F, Range>> PoolCalls::starmap(F f, Range&& range) const {
  using R = StarmapResult<F, Range>;
  return calls_.collect<R>(calls_.starmap<F, R>(f, range, detail::Lifetime::until_return));
}
template <class F, NotParametersOf<F> T>
Results<StarmapResult<F, std::initializer_list<T>>> PoolCalls::starmap(
    F f, std::initializer_list<T> list) const {
  return starmap(std::move(f), detail::view_of(list));
}
template <class F>
Results<StarmapResult<F, TupleList<F>>> PoolCalls::starmap(F f, TupleList<F> list) const {
  return starmap(std::move(f), detail::view_of(list));
}

template <class F, class Range>
AsyncResult<Results<StarmapResult<F, Range>>> PoolCalls::starmap_async(F f, Range&& range) const {
  using R = StarmapResult<F, Range>;
  return calls_.all_later<R>(calls_.starmap<F, R>(f, range, detail::Lifetime::unknown));
}
template <class F, NotParametersOf<F> T>
AsyncResult<Results<StarmapResult<F, std::initializer_list<T>>>> PoolCalls::starmap_async(
    F f, std::initializer_list<T> list) const {
  return starmap_async(std::move(f), detail::view_of(list));
}
template <class F>
AsyncResult<Results<StarmapResult<F, TupleList<F>>>> PoolCalls::starmap_async(
    F f, TupleList<F> list) const {
  return starmap_async(std::move(f), detail::view_of(list));
}

template <class F, class Range>
ImapRange<MapResult<F, Range>> PoolCalls::imap(F f, Range&& range) const {
  using R = MapResult<F, Range>;
  return calls_.stream<F, R>(f, std::forward<Range>(range), ImapRange<R>::Order::input);
}
template <class F, class T>
ImapRange<MapResult<F, std::initializer_list<T>>> PoolCalls::imap(
    F f, std::initializer_list<T> list) const {
  return imap(std::move(f), detail::kept(list));
}

template <class F, class Range>
ImapRange<MapResult<F, Range>> PoolCalls::imap_unordered(F f, Range&& range) const {
  using R = MapResult<F, Range>;
  return calls_.stream<F, R>(f, std::forward<Range>(range), ImapRange<R>::Order::completion);
}
template <class F, class T>
ImapRange<MapResult<F, std::initializer_list<T>>> PoolCalls::imap_unordered(
    F f, std::initializer_list<T> list) const {
  return imap_unordered(std::move(f), detail::kept(list));
}

template <class F, class Range>
OutcomeRange<MapResult<F, Range>> PoolCalls::try_imap(F f, Range&& range) const {
  return OutcomeRange<MapResult<F, Range>>(imap(std::move(f), std::forward<Range>(range)));
}
template <class F, class T>
OutcomeRange<MapResult<F, std::initializer_list<T>>> PoolCalls::try_imap(
    F f, std::initializer_list<T> list) const {
  return try_imap(std::move(f), detail::kept(list));
}

template <class F, class Range>
OutcomeRange<MapResult<F, Range>> PoolCalls::try_imap_unordered(F f, Range&& range) const {
  return OutcomeRange<MapResult<F, Range>>(
      imap_unordered(std::move(f), std::forward<Range>(range)));
}
template <class F, class T>
OutcomeRange<MapResult<F, std::initializer_list<T>>> PoolCalls::try_imap_unordered(
    F f, std::initializer_list<T> list) const {
  return try_imap_unordered(std::move(f), detail::kept(list));
}

template <class F, class Range>
std::vector<Outcome<MapResult<F, Range>>> PoolCalls::try_map(F f, Range&& range) const {
  using R = MapResult<F, Range>;
  return calls_.collect_outcomes<R>(calls_.map<F, R>(f, range, detail::Lifetime::until_return));
}
template <class F, class T>
std::vector<Outcome<MapResult<F, std::initializer_list<T>>>> PoolCalls::try_map(
    F f, std::initializer_list<T> list) const {
  return try_map(std::move(f), detail::view_of(list));
}

template <class F, class Range>
requires MapsOver<F, Range>
void PoolCalls::for_each(F f, Range&& range) const {
  using R = MapResult<F, Range>;
  calls_.finish(calls_.map<F, R>(f, range, detail::Lifetime::until_return));
}
template <class F, class T>
requires MapsOver<F, std::initializer_list<T>>
void PoolCalls::for_each(F f, std::initializer_list<T> list) const {
  for_each(std::move(f), detail::view_of(list));
}

template <class F, class Range, class C, class T>
requires Reduces<F, Range, C, T> T PoolCalls::map_reduce(F f, Range&& range, C combine, T init)
const { return calls_.reduce(std::move(f), range, std::move(combine), std::move(init)); }
template <class F, class X, class C, class T>
requires Reduces<F, std::initializer_list<X>, C, T> T
PoolCalls::map_reduce(F f, std::initializer_list<X> list, C combine, T init)
const {
  return map_reduce(std::move(f), detail::view_of(list), std::move(combine), std::move(init));
}

}  // namespace brood

#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <type_traits>
#include <vector>

#include <brood/async_result.hpp>
#include <brood/detail/pool/call_verdict.hpp>
#include <brood/detail/pool/calls.hpp>
#include <brood/detail/pool/parameters.hpp>
#include <brood/imap.hpp>
#include <brood/outcome.hpp>
#include <brood/outcome_range.hpp>

// Overloads of a pool's verbs for calls that cannot be made. To use one is an error of the line
// that calls, with the sentence of its refusal; a static_assert would be an error of this library,
// behind a list of what includes and what instantiates what. What they return is what the caller
// expects: no other error follows.
namespace brood::detail {

template <class R>
using Decoded =
    std::conditional_t<value_verdict_t<result_t<R>>::reason == Refusal::none, R, NoResult>;
template <class R>
using Once = R;
template <class R>
using Later = AsyncResult<Decoded<R>>;
template <class R>
using AllLater = AsyncResult<results_t<Decoded<R>>>;
template <class R>
using Outcomes = std::vector<Outcome<Decoded<R>>>;
template <class R>
using Lazily = ImapRange<Decoded<R>>;
template <class R>
using OutcomesLazily = OutcomeRange<Decoded<R>>;
template <class R>
using Nothing = void;

}  // namespace brood::detail

// clang says the sentences of attributes. gcc has no such attribute, but a default argument that it
// refuses is an error of the caller's line: not so with clang. Behind a pack of parameters no
// argument has a default, so for gcc there is an overload of apply for each refusal.
#ifdef __clang__
#define BROOD_SAYS(refusal, sentence) \
  __attribute__((                     \
      diagnose_if((detail::is_refused<Call, detail::Refusal::refusal>), sentence, "error")))
#define BROOD_SENTENCE
#define BROOD_REFUSES BROOD_VALUE_REFUSALS(BROOD_SAYS) BROOD_CALL_REFUSALS(BROOD_SAYS)
#else
#define BROOD_SENTENCE , detail::Sentence<Call> = {}
#define BROOD_REFUSES
#endif

#define BROOD_REFUSED_RANGE(verb, Verb, Result)                                       \
  template <class F, class Range, class Call = detail::Verb<F, Range>,                \
            class Refused = typename Call::verdict::culprit>                          \
  requires(!detail::is_accepted<Call>) detail::Result<detail::expected_t<Call>> verb( \
      F, Range&& BROOD_SENTENCE)                                                      \
  const BROOD_REFUSES { detail::never_called(); }                                     \
  template <class F, class T, class Call = detail::Verb<F, std::initializer_list<T>>, \
            class Refused = typename Call::verdict::culprit>                          \
  requires(!detail::is_accepted<Call>) detail::Result<detail::expected_t<Call>> verb( \
      F, std::initializer_list<T> BROOD_SENTENCE)                                     \
  const BROOD_REFUSES { detail::never_called(); }

// Tuples in braces; and too many or too few values in braces, which are no such tuple.
#define BROOD_REFUSED_TUPLES(verb, Result)                                            \
  template <class F, class Call = detail::TupleCall<F, detail::parameters_t<F>>,      \
            class Refused = typename Call::verdict::culprit>                          \
  requires(!detail::is_accepted<Call>) detail::Result<detail::expected_t<Call>> verb( \
      F, std::initializer_list<detail::parameters_t<F>> BROOD_SENTENCE)               \
  const BROOD_REFUSES { detail::never_called(); }                                     \
  template <class F, class T, std::size_t count, std::size_t size,                    \
            class Call = detail::TupleCall<F, std::array<T, size>>,                   \
            class Refused = typename Call::verdict::culprit>                          \
  requires(!detail::is_accepted<Call>) detail::Result<detail::NoResult> verb(         \
      F, const T(&)[count][size] BROOD_SENTENCE)                                      \
  const BROOD_REFUSES { detail::never_called(); }

#define BROOD_REFUSED_INTO(verb)                                                                \
  template <class F, class Range, class Output,                                                 \
            class Call = detail::MapIntoCall<F, Range, Output>,                                 \
            class Refused = typename Call::verdict::culprit>                                    \
  requires(!detail::is_accepted<Call>) void verb(F, Range&&, Output&& BROOD_SENTENCE)           \
      const BROOD_REFUSES {                                                                     \
    detail::never_called();                                                                     \
  }                                                                                             \
  template <class F, class T, class Output,                                                     \
            class Call = detail::MapIntoCall<F, std::initializer_list<T>, Output>,              \
            class Refused = typename Call::verdict::culprit>                                    \
  requires(!detail::is_accepted<Call>) void verb(F, std::initializer_list<T>,                   \
                                                 Output&& BROOD_SENTENCE) const BROOD_REFUSES { \
    detail::never_called();                                                                     \
  }

#define BROOD_REFUSED_REDUCE(verb)                                                              \
  template <class F, class Range, class C, class T,                                             \
            class Call = detail::ReduceCall<F, Range, C, T>,                                    \
            class Refused = typename Call::verdict::culprit>                                    \
  requires(!detail::is_accepted<Call>) T verb(F, Range&&, C, T BROOD_SENTENCE)                  \
  const BROOD_REFUSES { detail::never_called(); }                                               \
  template <class F, class X, class C, class T,                                                 \
            class Call = detail::ReduceCall<F, std::initializer_list<X>, C, T>,                 \
            class Refused = typename Call::verdict::culprit>                                    \
  requires(!detail::is_accepted<Call>) T verb(F, std::initializer_list<X>, C, T BROOD_SENTENCE) \
  const BROOD_REFUSES { detail::never_called(); }

#ifdef __clang__
#define BROOD_REFUSED_APPLY(verb, Result)                                                          \
  template <class F, class... Args, class Call = detail::ApplyCall<F, Args...>,                    \
            class Refused = typename Call::verdict::culprit>                                       \
  requires(!detail::is_accepted<Call>) detail::Result<detail::expected_t<Call>> verb(F, Args&&...) \
  const BROOD_REFUSES { detail::never_called(); }
#define BROOD_REFUSED_APPLIES      \
  BROOD_REFUSED_APPLY(apply, Once) \
  BROOD_REFUSED_APPLY(apply_async, Later)
#else
#define BROOD_REFUSED_APPLY(refusal, sentence, verb, Result)                            \
  template <class F, class... Args, class Call = detail::ApplyCall<F, Args...>,         \
            class Refused = typename Call::verdict::culprit>                            \
  requires detail::is_refused<Call, detail::Refusal::refusal>                           \
  __attribute__((unavailable(sentence))) detail::Result<detail::expected_t<Call>> verb( \
      F, Args&&...) const {                                                             \
    detail::never_called();                                                             \
  }
#define BROOD_REFUSED_ONE(refusal, sentence)          \
  BROOD_REFUSED_APPLY(refusal, sentence, apply, Once) \
  BROOD_REFUSED_APPLY(refusal, sentence, apply_async, Later)
#define BROOD_REFUSED_APPLIES             \
  BROOD_VALUE_REFUSALS(BROOD_REFUSED_ONE) \
  BROOD_CALL_REFUSALS(BROOD_REFUSED_ONE)
#endif

/// All of them, as members of a class.
#define BROOD_VERB_REFUSALS()                                      \
  BROOD_REFUSED_APPLIES                                            \
  BROOD_REFUSED_RANGE(map, MapCall, results_t)                     \
  BROOD_REFUSED_RANGE(map_async, MapCall, AllLater)                \
  BROOD_REFUSED_RANGE(starmap, StarmapCall, results_t)             \
  BROOD_REFUSED_TUPLES(starmap, results_t)                         \
  BROOD_REFUSED_RANGE(starmap_async, StarmapCall, AllLater)        \
  BROOD_REFUSED_TUPLES(starmap_async, AllLater)                    \
  BROOD_REFUSED_RANGE(imap, MapCall, Lazily)                       \
  BROOD_REFUSED_RANGE(imap_unordered, MapCall, Lazily)             \
  BROOD_REFUSED_RANGE(try_imap, MapCall, OutcomesLazily)           \
  BROOD_REFUSED_RANGE(try_imap_unordered, MapCall, OutcomesLazily) \
  BROOD_REFUSED_RANGE(try_map, MapCall, Outcomes)                  \
  BROOD_REFUSED_RANGE(for_each, MapCall, Nothing)                  \
  BROOD_REFUSED_INTO(map_into)                                     \
  BROOD_REFUSED_REDUCE(map_reduce)

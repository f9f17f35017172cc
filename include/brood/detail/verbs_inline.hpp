#pragma once

#include <brood/detail/verbs.hpp>

// The longer verbs of PoolCalls.
namespace brood {

template <class R>
std::vector<Outcome<R>> PoolCalls::collect_outcomes(detail::JobSpec made) const {
  const std::size_t count = made.elements.count;
  const detail::JobHandle job = submit(std::move(made));
  std::vector<std::optional<Outcome<R>>> found(count);
  follow(
      *job,
      [&](const detail::Piece& piece) {
        detail::check_place(piece, found.size());
        detail::for_each_outcome<R>(piece, [&](std::size_t index, Outcome<R>&& outcome) {
          found[index].emplace(std::move(outcome));
        });
      },
      count);
  std::vector<Outcome<R>> outcomes;
  outcomes.reserve(count);
  for (auto& outcome : found)
    outcomes.push_back(outcome ? std::move(*outcome) : Outcome<R>(job->error()));
  return outcomes;
}

template <class F, class Range, class C, class T>
T PoolCalls::map_reduce(F f, Range&& range, C combine, T init) const {
  using X = detail::element_t<Range>;
  using Functions = detail::MapReduce<F, C>;
  detail::check_task<F>();
  detail::check_task<C>();
  static_assert(std::is_invocable_r_v<T, C&, T, T>,
                "brood: combine takes two values of the type of init and returns one");
  detail::JobSpec made =
      spec<Functions, T>(&detail::run_reduce<F, C, T, X>, Functions{std::move(f), combine});
  made.kind = detail::JobKind::map;
  made.results = {.folded = true};
  made.elements = detail::encode_range(range, detail::Lifetime::until_return);
  const std::size_t count = made.elements.count;
  const detail::JobHandle job = submit(std::move(made));
  std::map<std::size_t, std::pair<std::size_t, T>>
      waiting;  // by first element: those that follow a gap
  std::size_t folded = 0;
  follow(
      *job,
      [&](const detail::Piece& piece) {
        if (piece.failure) return;
        waiting.emplace(piece.first,
                        std::pair(piece.count, detail::PieceReader(piece).template next<T>()));
        for (auto first = waiting.begin(); first != waiting.end() && first->first == folded;
             first = waiting.erase(first)) {
          folded += first->second.first;
          init = std::invoke(combine, std::move(init), std::move(first->second.second));
        }
      },
      count);
  detail::decode_none(*job);
  return init;
}

}  // namespace brood

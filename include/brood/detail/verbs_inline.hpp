#pragma once

#include <brood/detail/reduce.hpp>
#include <brood/detail/verbs.hpp>

// The longer verbs of PoolCalls.
namespace brood {

template <class R>
std::vector<Outcome<R>> PoolCalls::collect_outcomes(detail::JobSpec made) const {
  const std::size_t count = made.elements.count;
  std::vector<std::optional<Outcome<R>>> found(count);  // before what may refer to this frame
  const detail::JobHandle job = submit(std::move(made));
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
  std::map<std::size_t, typename detail::FoldTree<T, C>::Node> waiting;  // for those before them
  detail::FoldTree<T, C> tree;
  std::size_t folded = 0;
  follow(
      *job,
      [&](const detail::Piece& piece) {
        if (piece.failure) return;
        waiting.insert({piece.first,
                        {piece.first, piece.count, detail::PieceReader(piece).template next<T>()}});
        for (auto next = waiting.begin(); next != waiting.end() && next->first == folded;
             next = waiting.erase(next)) {
          folded += next->second.count;
          tree.add(combine, std::move(next->second));
        }
      },
      count);
  detail::decode_none(*job);
  for (auto& node : tree.nodes())
    init = std::invoke(combine, std::move(init), std::move(node.value));
  return init;
}

}  // namespace brood

#pragma once

#include <cstddef>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <brood/async_result.hpp>
#include <brood/detail/elements.hpp>
#include <brood/detail/list_verbs.hpp>
#include <brood/detail/runners.hpp>
#include <brood/imap.hpp>
#include <brood/options.hpp>
#include <brood/outcome.hpp>

namespace brood {

/// The verbs of a pool, with the options of one call; got from Pool::with. Where a range is taken,
/// so is a list in braces: {1, 2, 3}.
/// Threads: any.
/// Fork: in a forked child every verb throws UsageError.
class BROOD_API PoolCalls : private detail::ListVerbs<PoolCalls> {
  using Lists = detail::ListVerbs<PoolCalls>;
  friend Lists;

 public:
  using Lists::map, Lists::map_async, Lists::starmap, Lists::starmap_async, Lists::imap,
      Lists::imap_unordered, Lists::try_map, Lists::for_each, Lists::map_reduce;

  /// f(args...) in a worker. Blocks. Throws what f throws, and the errors of errors.hpp.
  /// Cost: one pipe round trip when a worker is idle.
  template <class F, class... Args>
  auto apply(F f, Args&&... args) const {
    using R = apply_result<F, Args...>;
    detail::JobHandle job = call(single<F, R>(detail::Lifetime::until_return, f, args...));
    job->wait({});
    if (options_.progress) report(*job, 1);
    return detail::decode_single<R>(*job);
  }
  /// Same, without waiting. Arguments are encoded here: what that throws is thrown here.
  template <class F, class... Args>
  auto apply_async(F f, Args&&... args) const {
    using R = apply_result<F, Args...>;
    refuse_progress();
    return AsyncResult<R>(submit(single<F, R>(detail::Lifetime::unknown, f, args...)),
                          &detail::decode_single<R>);
  }

  /// f(x) for each x of an input range, results in input order. Blocks.
  template <class F, class Range>
  auto map(F f, Range&& range) const {
    using R = map_result<F, Range>;
    return collect<R>(map_spec<F, R>(f, range, detail::Lifetime::until_return));
  }
  template <class F, class Range>
  auto map_async(F f, Range&& range) const {
    using R = map_result<F, Range>;
    return later<R>(map_spec<F, R>(f, range, detail::Lifetime::unknown));
  }
  /// f(std::get<0>(t), std::get<1>(t), ...) for each tuple, pair or array t of a range.
  template <class F, class Range>
  auto starmap(F f, Range&& range) const {
    using R = starmap_result<F, Range>;
    return collect<R>(starmap_spec<F, R>(f, range, detail::Lifetime::until_return));
  }
  template <class F, class Range>
  auto starmap_async(F f, Range&& range) const {
    using R = starmap_result<F, Range>;
    return later<R>(starmap_spec<F, R>(f, range, detail::Lifetime::unknown));
  }
  /// Lazily, in input order: takes at most `window` inputs ahead of the results that have been got.
  template <class F, class Range>
  auto imap(F f, Range&& range) const {
    using R = map_result<F, Range>;
    return stream<F, R>(f, std::forward<Range>(range), ImapRange<R>::Order::input);
  }
  /// Same, each result as soon as it is there.
  template <class F, class Range>
  auto imap_unordered(F f, Range&& range) const {
    using R = map_result<F, Range>;
    return stream<F, R>(f, std::forward<Range>(range), ImapRange<R>::Order::completion);
  }
  /// One outcome per element: nothing that happens to one changes another. Blocks.
  template <class F, class Range>
  auto try_map(F f, Range&& range) const {
    using R = map_result<F, Range>;
    detail::JobSpec spec = map_spec<F, R>(f, range, detail::Lifetime::until_return);
    spec.policy = detail::ErrorPolicy::isolate;
    return collect_outcomes<R>(std::move(spec));
  }
  /// f(x) for each x; results are dropped. Blocks.
  template <class F, class Range>
  void for_each(F f, Range&& range) const {
    using R = map_result<F, Range>;
    finish(map_spec<F, R>(f, range, detail::Lifetime::until_return));
  }
  /// combine(init, f(x0), f(x1), ..., f(xn)) for an associative combine of two values of type T:
  /// workers fold what they have mapped, this thread folds their results, in input order. Write
  /// std::size_t{0} as init for a sum of sizes. How the elements are grouped depends on their
  /// number alone: they are combined pairwise, a group of 2^k beginning at a multiple of 2^k, and
  /// what is left from left to right. So a sum of floating-point numbers is the same to the last
  /// bit for any workers, chunks and start method. Blocks.
  template <class F, class Range, class C, class T>
  T map_reduce(F f, Range&& range, C combine, T init) const;

 protected:
  PoolCalls(std::shared_ptr<detail::PoolCore> core, CallOptions options);
  std::shared_ptr<detail::PoolCore> core_;

 private:
  friend class Pool;
  template <class F, class... Args>
  using apply_result = detail::result_of_t<F, detail::stored_t<Args>...>;
  template <class F, class Range>
  using map_result = detail::result_of_t<F, detail::element_t<Range>>;
  template <class F, class Range>
  using starmap_result = detail::starmap_result_t<F, detail::element_t<Range>>;

  detail::JobHandle submit(detail::JobSpec spec) const;
  detail::JobHandle call(detail::JobSpec spec) const;
  /// Fills in what the options say.
  void configure(detail::JobSpec& spec) const;
  std::size_t window() const;
  void report(const detail::Job& job, std::size_t total) const;
  /// Throws UsageError where progress is asked for: nobody waits for the call.
  void refuse_progress() const;

  template <class F, class R>
  detail::JobSpec spec(detail::Runner runner, const F& f) const {
    detail::check_task<F>();
    detail::check_value<detail::result_t<R>>();
    detail::JobSpec spec;
    spec.definition = detail::definition_of(runner, f);
    spec.results = detail::shape_of_results<R>();
    configure(spec);
    return spec;
  }
  template <class F, class R, class... Args>
  detail::JobSpec single([[maybe_unused]] detail::Lifetime lifetime, const F& f,
                         const Args&... args) const {
    (detail::check_value<detail::stored_t<Args>>(), ...);
    detail::JobSpec made = spec<F, R>(&detail::run_single<F, R, detail::stored_t<Args>...>, f);
    (detail::encode_argument<detail::stored_t<Args>>(made.elements.payload, args, lifetime), ...);
    made.elements.count = 1;
    return made;
  }
  template <class F, class R, class Range>
  detail::JobSpec map_spec(const F& f, Range& range, detail::Lifetime lifetime) const {
    detail::JobSpec made = spec<F, R>(&detail::run_map<F, R, detail::element_t<Range>>, f);
    made.kind = detail::JobKind::map;
    made.elements = detail::encode_range(range, lifetime);
    return made;
  }
  template <class F, class R, class Range>
  detail::JobSpec starmap_spec(const F& f, Range& range, detail::Lifetime lifetime) const {
    detail::JobSpec made = spec<F, R>(&detail::run_starmap<F, R, detail::element_t<Range>>, f);
    made.kind = detail::JobKind::map;
    made.elements = detail::encode_range(range, lifetime);
    return made;
  }
  template <class F, class R, class Range>
  ImapRange<R> stream(const F& f, Range&& range, typename ImapRange<R>::Order order) const {
    using T = detail::element_t<Range>;
    detail::check_value<T>();
    detail::JobSpec made = spec<F, R>(&detail::run_map<F, R, T>, f);
    made.kind = detail::JobKind::stream;
    made.policy = detail::ErrorPolicy::isolate;
    if constexpr (detail::is_flat<T>) made.elements.stride = sizeof(T);
    if constexpr (!std::is_same_v<T, detail::NoElement>) {
      auto source = std::make_unique<detail::RangeSource<Range>>(std::forward<Range>(range));
      return ImapRange<R>(submit(std::move(made)), std::move(source), window(), order,
                          options_.progress);
    }
  }

  // Takes pieces until the job is finished.
  template <class Take>
  void follow(detail::Job& job, Take take, std::size_t total) const {
    try {
      for (bool last = false; !last;) {
        last = job.finished();
        for (const detail::Piece& piece : job.take_pieces({})) take(piece);
        if (options_.progress) report(job, total);
      }
    } catch (...) {
      detail::call_off(job);
      throw;
    }
  }
  /// Of a map whose results nobody wants, or of one that has none.
  void finish(detail::JobSpec made) const {
    const std::size_t count = made.elements.count;
    const detail::JobHandle job = submit(std::move(made));
    follow(
        *job, [](const detail::Piece&) {}, count);
    detail::decode_none(*job);
  }
  template <class R>
  auto collect(detail::JobSpec made) const {
    if constexpr (std::is_void_v<R>) {
      finish(std::move(made));
    } else {
      const std::size_t count = made.elements.count;
      std::vector<R> values(count);
      if constexpr (detail::is_flat<R> && !std::is_same_v<R, bool>) {
        made.target = reinterpret_cast<std::byte*>(values.data());
      }
      const detail::JobHandle job = submit(std::move(made));
      follow(
          *job, [&](const detail::Piece& piece) { place(piece, values); }, count);
      detail::decode_none(*job);
      return values;
    }
  }
  template <class R>
  static void place(const detail::Piece& piece, std::vector<R>& values) {
    if (piece.failure || piece.bytes.empty()) return;
    detail::check_place(piece, values.size());
    detail::PieceReader reader(piece);
    for (std::size_t i = 0; i < piece.count; ++i)
      values[piece.first + i] = reader.template next<R>();
  }
  template <class R>
  std::vector<Outcome<R>> collect_outcomes(detail::JobSpec made) const;
  template <class R>
  auto later(detail::JobSpec made) const {
    refuse_progress();
    if constexpr (std::is_void_v<R>) {
      return AsyncResult<void>(submit(std::move(made)), &detail::decode_none);
    } else {
      return AsyncResult<std::vector<R>>(submit(std::move(made)), &detail::decode_all<R>);
    }
  }

  CallOptions options_;
  std::shared_ptr<const detail::CallTerms> terms_;
};

}  // namespace brood

#include <brood/detail/verbs_inline.hpp>

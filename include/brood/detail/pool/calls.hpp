#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <brood/async_result.hpp>
#include <brood/detail/pool/elements.hpp>
#include <brood/detail/pool/reduce.hpp>
#include <brood/detail/pool/reporter.hpp>
#include <brood/detail/pool/runners.hpp>
#include <brood/imap.hpp>
#include <brood/options.hpp>
#include <brood/outcome.hpp>

// What stands behind a pool's verbs: from typed values to a JobSpec, and from pieces back to them.
namespace brood::detail {

/// One result for each element; nothing where the function returns nothing.
template <class R>
struct ResultsOf {
  using type = std::vector<R>;
};
template <>
struct ResultsOf<void> {
  using type = void;
};
template <class R>
using results_t = typename ResultsOf<R>::type;

/// A pool, and the options of the calls that go to it.
class BROOD_API Calls {
 public:
  Calls(std::shared_ptr<PoolCore> core, CallOptions options);
  const std::shared_ptr<PoolCore>& core() const noexcept { return core_; }

  // --- what a call consists of ---
  template <class F, class R, class... Args>
  JobSpec single([[maybe_unused]] Lifetime lifetime, const F& f, const Args&... args) const {
    (check_value<stored_t<Args>>(), ...);
    JobSpec made = spec<F, R>(&run_single<F, R, stored_t<Args>...>, f);
    (encode_argument<stored_t<Args>>(made.elements.payload, args, lifetime), ...);
    made.elements.count = 1;
    return made;
  }
  template <class F, class R, class Range>
  JobSpec map(const F& f, Range& range, Lifetime lifetime) const {
    return over<F, R>(&run_map<F, R, element_t<Range>>, f, range, lifetime);
  }
  template <class F, class R, class Range>
  JobSpec starmap(const F& f, Range& range, Lifetime lifetime) const {
    return over<F, R>(&run_starmap<F, R, element_t<Range>>, f, range, lifetime);
  }

  // --- how its results come back ---
  template <class R>
  R wait_for(JobSpec made) const {
    // Of others decoding runs code of the user's, which may need the worker that waits meanwhile.
    if constexpr (is_plain_sequence<R>) {
      Arriving<R> arriving;
      return arriving.result_of(*finished(std::move(made), &arriving));
    } else {
      return decode_single<R>(*finished(std::move(made), nullptr));
    }
  }
  template <class R>
  AsyncResult<R> single_later(JobSpec made) const {
    refuse_progress();
    return AsyncResult<R>(begun(std::move(made)), &decode_single<R>);
  }
  template <class R>
  AsyncResult<results_t<R>> all_later(JobSpec made) const {
    refuse_progress();
    if constexpr (std::is_void_v<R>) {
      return AsyncResult<void>(begun(std::move(made)), &decode_none);
    } else {
      return AsyncResult<std::vector<R>>(begun(std::move(made)), &decode_all<R>);
    }
  }
  /// The end of a map without results, or of one whose results are dropped.
  void finish(JobSpec made) const {
    const std::size_t count = made.elements.count;
    const JobHandle job = submit(std::move(made));
    follow(
        *job, [](const Piece&) {}, count);
    decode_none(*job);
  }
  template <class R>
  results_t<R> collect(JobSpec made) const {
    if constexpr (std::is_void_v<R>) {
      finish(std::move(made));
    } else {
      std::vector<R> values = place_for_results<R>(made.elements.count);
      collect_into<R>(std::move(made), values);
      return values;
    }
  }
  /// The results of as many elements as there are values.
  template <class R, class Values>
  void collect_into(JobSpec made, Values& values) const {
    if (made.elements.count != values.size())
      throw_sizes_differ(made.elements.count, values.size());
    if constexpr (is_flat<R> && !std::is_same_v<R, bool> &&
                  std::is_same_v<R, typename Values::value_type>)
      made.target = reinterpret_cast<std::byte*>(values.data());
    const bool arrives_in_place = made.target != nullptr;
    const JobHandle job = submit(std::move(made));
    if (arrives_in_place && !options_.progress) {
      wait_for_end(*job);
    } else {
      follow(
          *job, [&](const Piece& piece) { place<R>(piece, values); }, values.size());
    }
    decode_none(*job);
  }
  template <class R>
  std::vector<Outcome<R>> collect_outcomes(JobSpec made) const {
    made.policy = ErrorPolicy::isolate;
    const std::size_t count = made.elements.count;
    std::vector<std::optional<Outcome<R>>> found(count);  // before what may refer to this frame
    const JobHandle job = submit(std::move(made));
    follow(
        *job,
        [&](const Piece& piece) {
          check_place(piece, found.size());
          for_each_outcome<R>(piece, [&](std::size_t index, Outcome<R>&& outcome) {
            found[index].emplace(std::move(outcome));
          });
        },
        count);
    std::vector<Outcome<R>> outcomes;
    outcomes.reserve(count);
    for (auto& outcome : found) {
      outcomes.push_back(outcome ? std::move(*outcome) : Outcome<R>(job->error(), outcomes.size()));
    }
    return outcomes;
  }
  template <class F, class R, class Range>
  ImapRange<R> stream(const F& f, Range&& range, typename ImapRange<R>::Order order) const {
    using T = element_t<Range>;
    check_value<T>();
    JobSpec made = spec<F, R>(&run_map<F, R, T>, f);
    made.kind = JobKind::stream;
    made.policy = ErrorPolicy::isolate;
    if constexpr (is_flat<T>) made.elements.stride = sizeof(T);
    auto source = std::make_unique<RangeSource<Range>>(std::forward<Range>(range));
    ProgressFunction progress = options_.progress;  // before there is a job
    return ImapRange<R>(submit(std::move(made)), std::move(source), window(), order,
                        std::move(progress));
  }
  template <class F, class Range, class C, class T>
  T reduce(F f, Range& range, C combine, T init) const {
    using Functions = MapReduce<F, C>;
    check_task<F>();
    check_task<C>();
    static_assert(std::is_invocable_r_v<T, C&, T, T>,
                  "brood: combine takes two values of the type of init and returns one");
    JobSpec made =
        over<Functions, T>(&run_reduce<F, C, T, element_t<Range>>, Functions{std::move(f), combine},
                           range, Lifetime::until_return);
    made.results = {.folded = true};
    const std::size_t count = made.elements.count;
    const JobHandle job = submit(std::move(made));
    std::unordered_map<std::size_t, typename FoldTree<T, C>::Node> waiting;  // by first element
    FoldTree<T, C> tree;
    std::size_t folded = 0;
    follow(
        *job,
        [&](const Piece& piece) {
          if (piece.failure) return;
          waiting.insert(
              {piece.first, {piece.first, piece.count, PieceReader(piece).template next<T>()}});
          while (auto next = waiting.extract(folded)) {
            folded += next.mapped().count;
            tree.add(combine, std::move(next.mapped()));
          }
        },
        count);
    decode_none(*job);
    for (auto& node : tree.nodes())
      init = std::invoke(combine, std::move(init), std::move(node.value));
    return init;
  }

 private:
  template <class F, class R>
  JobSpec spec(Runner runner, const F& f) const {
    check_task<F>();
    check_value<result_t<R>>();
    JobSpec spec;
    spec.definition = definition_of(runner, f);
    spec.results = shape_of_results<R>();
    configure(spec);
    return spec;
  }
  template <class F, class R, class Range>
  JobSpec over(Runner runner, const F& f, Range& range, Lifetime lifetime) const {
    JobSpec made = spec<F, R>(runner, f);
    made.kind = JobKind::map;
    made.elements = encode_range(range, lifetime);
    return made;
  }
  static void wait_for_end(Job& job);
  // Takes pieces until the job is finished.
  template <class Take>
  void follow(Job& job, Take take, std::size_t total) const {
    try {
      Reporter reporter(options_.progress);  // to copy a function may take memory
      reporter.begin(job, total);
      for (bool last = false; !last;) {
        last = job.finished();
        for (const Piece& piece : job.take_pieces(reporter.next({}))) take(piece);
        reporter.report(job, total);
      }
    } catch (...) {
      call_off(job);
      throw;
    }
  }
  template <class R, class Values>
  static void place(const Piece& piece, Values& values) {
    if (piece.failure || piece.bytes.empty()) return;
    check_place(piece, values.size());
    PieceReader reader(piece);
    for (std::size_t i = 0; i < piece.count; ++i)
      values[piece.first + i] = static_cast<typename Values::value_type>(reader.template next<R>());
  }

  JobHandle submit(JobSpec spec) const;
  /// The same for a call that this thread does not wait for.
  JobHandle begun(JobSpec spec) const;
  /// Blocks until the call has ended.
  JobHandle finished(JobSpec spec, ArrivingResult* arriving) const;
  /// Fills in what the options say.
  void configure(JobSpec& spec) const;
  std::size_t window() const;
  /// Throws UsageError where progress is asked for: no thread waits for the call.
  void refuse_progress() const;

  std::shared_ptr<PoolCore> core_;
  CallOptions options_;
  std::shared_ptr<const CallTerms> terms_;
};

}  // namespace brood::detail

#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include <brood/async_result.hpp>
#include <brood/call_result.hpp>
#include <brood/detail/chrono.hpp>
#include <brood/detail/pool/calls.hpp>
#include <brood/detail/pool/refused_calls.hpp>
#include <brood/imap.hpp>
#include <brood/options.hpp>
#include <brood/outcome.hpp>
#include <brood/outcome_range.hpp>
#include <brood/statistics.hpp>
#include <brood/worker_info.hpp>

namespace brood {

/// The verbs of a pool, with the options of one call. Made by Pool::with.
///
/// F is a function, a captureless lambda, a pointer to a member, a function object that can travel
/// (an aggregate, or with cereal's serialize()), or made by brood::task or brood::copied
/// (task.hpp). Arguments and inputs are stored as values; a view of text and a literal are stored
/// as std::string, a std::span<const T> as std::vector<T>. A function may take such views in their
/// place: they are valid while it runs. Every verb that takes a range also takes a list in braces:
/// {1, 2, 3}.
///
/// Every verb encodes f and its arguments in the calling thread. It throws at once: PoolClosed
/// after close() or terminate(); CodecError, and what a serializer or the range throws; UsageError
/// for a shared object that the sandbox refuses; SystemError where this program has closed the
/// pool's descriptors. The errors of a task, of which each verb says where they are thrown, are
/// what f throws, and WorkerLost, TaskTimeout, StartError, Cancelled, CodecError and SystemError
/// (memory or descriptors that this process lacks), which tell what happened to it. A verb that
/// blocks also throws what CallOptions::progress throws, and cancels the call then. An asynchronous
/// verb throws UsageError where that option is set.
///
/// Threads: any.
/// Fork: in a forked child every verb throws UsageError.
class BROOD_API PoolCalls {
 public:
  /// Calls f(args...) in a worker and returns its result. Blocks until it is there. Throws the
  /// task's errors. Cost: one message to a worker and a wake-up where one is idle, see
  /// docs/performance.md.
  template <class F, class... Args>
  ApplyResult<F, Args...> apply(F f, Args&&... args) const;
  /// Same, but does not block. The result throws the task's errors. Cost: calls that come in
  /// together share messages.
  template <class F, class... Args>
  AsyncResult<ApplyResult<F, Args...>> apply_async(F f, Args&&... args) const;

  /// Calls f(x) for each x of an input range, and returns the results in input order. Blocks until
  /// all are there. Throws the first error of an element as soon as that is there, and elements
  /// that have not begun do not run; with OnError::finish, the error of the first failed element
  /// when all have ended. Cost: elements are sent in chunks of up to 2 ms of work; the bytes of
  /// contiguous numbers are not copied before that.
  template <class F, class Range>
  Results<MapResult<F, Range>> map(F f, Range&& range) const;
  template <class F, class T>
  Results<MapResult<F, std::initializer_list<T>>> map(F f, std::initializer_list<T> list) const;
  /// Same, but writes the results to `output`, contiguous memory of as many elements as the range
  /// has: a vector, an array, a span, memory that is shared. It may be the range itself. Where this
  /// throws, places of elements that had a result hold it, and the others what they held before.
  /// Numbers are converted as static_cast does. Throws also UsageError where the sizes differ,
  /// before any element runs. Cost: no memory for results of numbers.
  template <class F, class Range, class Output>
  requires MapsInto<F, Range, Output>
  void map_into(F f, Range&& range, Output&& output) const;
  template <class F, class T, class Output>
  requires MapsInto<F, std::initializer_list<T>, Output>
  void map_into(F f, std::initializer_list<T> list, Output&& output) const;
  /// As map(), but returns when it has taken all input, and does not block for results. The result
  /// throws what map() throws. Cost: as map(), and a copy of the input.
  template <class F, class Range>
  AsyncResult<Results<MapResult<F, Range>>> map_async(F f, Range&& range) const;
  template <class F, class T>
  AsyncResult<Results<MapResult<F, std::initializer_list<T>>>> map_async(
      F f, std::initializer_list<T> list) const;

  /// Calls f(std::get<0>(t), std::get<1>(t), ...) for each tuple, pair or array t of an input
  /// range, and returns the results in input order. Blocks until all are there. Throws as map().
  /// Cost: as map(), and a copy of the input.
  template <class F, class Range>
  Results<StarmapResult<F, Range>> starmap(F f, Range&& range) const;
  template <class F, NotParametersOf<F> T>
  Results<StarmapResult<F, std::initializer_list<T>>> starmap(F f,
                                                              std::initializer_list<T> list) const;
  template <class F>
  Results<StarmapResult<F, TupleList<F>>> starmap(F f, TupleList<F> list) const;
  /// Same, but returns when it has taken all input, and does not block for results. The result
  /// throws what map() throws. Cost: as starmap().
  template <class F, class Range>
  AsyncResult<Results<StarmapResult<F, Range>>> starmap_async(F f, Range&& range) const;
  template <class F, NotParametersOf<F> T>
  AsyncResult<Results<StarmapResult<F, std::initializer_list<T>>>> starmap_async(
      F f, std::initializer_list<T> list) const;
  template <class F>
  AsyncResult<Results<StarmapResult<F, TupleList<F>>>> starmap_async(F f, TupleList<F> list) const;

  /// Calls f(x) for each x lazily, and returns a range of the results in input order. The thread
  /// that iterates takes the inputs, at most CallOptions::window more than it has got results.
  /// Takes the first inputs, CallOptions::window of them, and so blocks as long as the range takes
  /// to give these. Does not block for results: iterating does. The ImapRange throws
  /// the elements' errors, what the range throws, and CodecError for an input that is larger than
  /// PoolOptions::max_message_size. Cost: inputs are given to the pool one by one,
  /// as results are taken; memory for the inputs and results of a window.
  template <class F, class Range>
  ImapRange<MapResult<F, Range>> imap(F f, Range&& range) const;
  template <class F, class T>
  ImapRange<MapResult<F, std::initializer_list<T>>> imap(F f, std::initializer_list<T> list) const;
  /// Same, but gives each result as soon as it is there and no input is to be taken before. Cost:
  /// as imap().
  template <class F, class Range>
  ImapRange<MapResult<F, Range>> imap_unordered(F f, Range&& range) const;
  template <class F, class T>
  ImapRange<MapResult<F, std::initializer_list<T>>> imap_unordered(
      F f, std::initializer_list<T> list) const;

  /// As imap(), but the range gives an outcome for each element, a value or an error, with its
  /// index. What happens to one element does not change the outcome of another, and iterating
  /// throws no error of an element. Cost: as imap().
  template <class F, class Range>
  OutcomeRange<MapResult<F, Range>> try_imap(F f, Range&& range) const;
  template <class F, class T>
  OutcomeRange<MapResult<F, std::initializer_list<T>>> try_imap(
      F f, std::initializer_list<T> list) const;
  /// Same, but gives each outcome as soon as it is there and no input is to be taken before. Blocks
  /// and throws as imap(). Cost: as imap().
  template <class F, class Range>
  OutcomeRange<MapResult<F, Range>> try_imap_unordered(F f, Range&& range) const;
  template <class F, class T>
  OutcomeRange<MapResult<F, std::initializer_list<T>>> try_imap_unordered(
      F f, std::initializer_list<T> list) const;

  /// Calls f(x) for each x and returns one outcome for each, a value or an error, in input order.
  /// What happens to one element does not change the outcome of another. Blocks until all are
  /// there. Throws no error of an element. Cost: as map(), and an outcome for each element.
  template <class F, class Range>
  std::vector<Outcome<MapResult<F, Range>>> try_map(F f, Range&& range) const;
  template <class F, class T>
  std::vector<Outcome<MapResult<F, std::initializer_list<T>>>> try_map(
      F f, std::initializer_list<T> list) const;

  /// Calls f(x) for each x and drops the results. Blocks until all calls have ended, or one has
  /// failed: throws as map(). Cost: as map(), but no memory for results.
  template <class F, class Range>
  requires MapsOver<F, Range>
  void for_each(F f, Range&& range) const;
  template <class F, class T>
  requires MapsOver<F, std::initializer_list<T>>
  void for_each(F f, std::initializer_list<T> list) const;

  /// Folds init, f(x0), f(x1), ..., f(xn) in this order with combine, an associative function of
  /// two values of type T. Workers fold what they have mapped; this thread folds their results. T
  /// is the type of init: write std::size_t{0} for a sum of sizes. The grouping depends on the
  /// number of elements alone: elements are combined pairwise, a group of 2^k begins at a multiple
  /// of 2^k, and the rest is combined from left to right. So a sum of floating-point numbers is the
  /// same to the last bit for any number of workers, any chunks and any start method. Blocks until
  /// the result is there. Throws as map(), and what combine throws here. Cost: as map(), but a few
  /// results for each chunk.
  template <class F, class Range, class C, class T>
  requires Reduces<F, Range, C, T> T map_reduce(F f, Range&& range, C combine, T init)
  const;
  template <class F, class X, class C, class T>
  requires Reduces<F, std::initializer_list<X>, C, T> T map_reduce(F f,
                                                                   std::initializer_list<X> list,
                                                                   C combine, T init)
  const;

  /// What cannot be such a call is refused where it is written, with one sentence.
  BROOD_VERB_REFUSALS()

 private:
  friend class Pool;
  explicit PoolCalls(detail::Calls calls);

  detail::Calls calls_;
};

/// Worker processes that run tasks. Every task ends in exactly one outcome, whatever its worker
/// does. The verbs (apply, map, imap, …) are those of PoolCalls.
///   brood::Pool pool(4);
///   std::vector<double> roots = pool.map(root, values);
/// A member blocks and throws only where it says so.
/// Threads: any, for every verb and member; destroy it in one, while no other uses it.
/// Fork: in a forked child every use throws UsageError and the destructor does nothing.
/// Cost: a process for each worker, and one thread in this process; two after the first callback.
class BROOD_API Pool : public PoolCalls {
 public:
  /// Starts the workers: one per CPU that this process may use, `workers` of them, or as `options`
  /// say. Blocks until their processes exist, not until they are initialized. Throws UsageError for
  /// an option out of range; StartError, SystemError. When it throws, no process is left.
  Pool();
  explicit Pool(std::int64_t workers);
  explicit Pool(PoolOptions options);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  /// Does what terminate() and join() do. Takes a second at most, and as long as a callback runs;
  /// longer only where a worker cannot be ended (docs/failure-model.md).
  ~Pool();

  /// The same verbs with options for one call. Does not block. Throws UsageError for an option out
  /// of range.
  PoolCalls with(CallOptions options) const;

  /// Takes no more tasks. Workers leave when the tasks given so far are done. Does not block. A
  /// second call does nothing.
  void close();
  /// Ends the workers now. Every result that is not ready becomes Cancelled before this returns.
  /// Does not wait for the workers' end. A second call does nothing.
  void terminate();
  /// Blocks until every worker is gone. Throws UsageError before close() or terminate(). It ends
  /// the input of imap ranges that no thread would read while it blocks: those that were last read,
  /// or made, by this thread or by a thread that has ended. Read these to their end before.
  void join();
  /// Same, but for at most `duration`. Returns whether every worker is gone and no callback runs.
  template <class Rep, class Period>
  bool join_for(std::chrono::duration<Rep, Period> duration) {
    return join_by(detail::deadline_after(duration));
  }
  /// Same, but until `time` at most.
  bool join_until(std::chrono::steady_clock::time_point time) {
    return join_by(detail::deadline_at(time));
  }

  /// One entry per worker. Does not wait for any. Cost: reads two files of /proc per worker.
  std::vector<WorkerInfo> workers() const;
  /// What it has done so far. Does not wait for any worker. After the end of the pool, what it had
  /// done by then.
  Statistics statistics() const;

 private:
  bool join_by(const detail::Deadline& deadline);
};

}  // namespace brood

#include <brood/detail/pool/verbs.hpp>

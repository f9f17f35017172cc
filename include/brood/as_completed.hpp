#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include <brood/async_result.hpp>
#include <brood/detail/chrono.hpp>
#include <brood/detail/duration.hpp>
#include <brood/detail/pool/completed_calls.hpp>
#include <brood/detail/pool/result_access.hpp>

// Waiting for many results, of one pool or of several. What holds for all of it:
// - A result is ready with a value or with an error, also where its task was cancelled, or where
//   its pool has ended or is broken. So every wait for a result ends, also that of a closed pool.
// - A signal does not end a wait. What becomes of the tasks is said by PoolOptions::on_interrupt.
// - A result that was moved from throws UsageError, whatever the others are.
// - In a forked child only results that were ready at the fork can be waited for, and those of its
//   own pools. A wait for another one throws UsageError.
// - A thread that waits sleeps, and the end of a task wakes it. It does not need the pool's thread
//   for callbacks, so a callback may wait.
namespace brood {

namespace detail {

/// The first one of those that are ready.
template <class R>
std::optional<std::size_t> find_ready(const std::vector<AsyncResult<R>>& results) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (ResultAccess::job(results[i])->finished() && !found) found = i;
  }
  return found;
}
template <class R>
std::optional<std::size_t> wait_any_by(const std::vector<AsyncResult<R>>& results,
                                       const Deadline& deadline) {
  if (const std::optional<std::size_t> found = find_ready(results)) return found;
  return first_completed(ResultAccess::jobs(results), deadline);
}

}  // namespace detail

/// The results of a vector in the order in which they become ready, as a single-pass range; made by
/// as_completed(). Blocks only where it says so.
///   for (brood::AsyncResult<int>& result : brood::as_completed(results)) sum += result.get();
/// Throws as each function says. Threads: one at a time. Fork: a forked child that goes on with a
/// range of its parent gets UsageError.
/// Cost: per result about 200 bytes, until the range is destroyed, and the same time however many
/// there are. A result that has been given is the vector's alone: what is moved out of it can be
/// destroyed while the range goes on.
template <class R>
class [[nodiscard]] AsCompleted {
 public:
  /// The next result that is ready, a reference into the vector as a pointer; null at the end.
  /// Blocks until there is one. Throws UsageError where the range was moved from.
  AsyncResult<R>* next() { return next_by({}); }
  /// Same, but waits for at most `duration`. Then it throws TimeoutError, and no result is lost.
  template <class Rep, class Period>
  AsyncResult<R>* next_for(std::chrono::duration<Rep, Period> duration) {
    return next_by(detail::deadline_after(duration));
  }
  /// Same, but waits until `time` at most.
  AsyncResult<R>* next_until(std::chrono::steady_clock::time_point time) {
    return next_by(detail::deadline_at(time));
  }
  /// How many results are still to come. Never blocks. Throws UsageError where the range was moved
  /// from.
  std::size_t left() const { return calls().left(); }

  /// An input iterator. Its increment blocks until the next result is ready.
  class iterator {
   public:
    /// What std::input_iterator asks for.
    using iterator_concept = std::input_iterator_tag;
    /// What std::input_iterator asks for.
    using value_type = AsyncResult<R>;
    /// What std::input_iterator asks for.
    using difference_type = std::ptrdiff_t;
    /// Of no range: it can only be assigned to.
    iterator() = default;
    /// The result.
    AsyncResult<R>& operator*() const { return *current_; }
    /// The result's members.
    AsyncResult<R>* operator->() const { return current_; }
    /// Takes the next result. Blocks until it is ready.
    iterator& operator++() {
      current_ = range_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    /// Whether the end is reached.
    bool operator==(std::default_sentinel_t) const { return current_ == nullptr; }

   private:
    friend class AsCompleted;
    explicit iterator(AsCompleted& range) : range_(&range) { ++*this; }

    AsCompleted* range_ = nullptr;
    AsyncResult<R>* current_ = nullptr;
  };
  /// Iterates over the results. Takes the first one, and so blocks until it is ready.
  iterator begin() { return iterator(*this); }
  /// The end of the results.
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  template <class Result>
  friend AsCompleted<Result> as_completed(std::vector<AsyncResult<Result>>& results);
  explicit AsCompleted(std::vector<AsyncResult<R>>& results)
      : results_(&results), calls_(detail::ResultAccess::jobs(results)) {}

  const detail::CompletedCalls& calls() const {
    if (!calls_) detail::throw_moved_from("range of as_completed");
    return calls_;
  }
  AsyncResult<R>* next_by(const detail::Deadline& deadline) {
    if (calls().left() == 0) return nullptr;
    const std::optional<std::size_t> number = calls_.next(deadline);
    if (!number) detail::throw_timeout();
    return &(*results_)[*number];
  }

  std::vector<AsyncResult<R>>* results_;
  detail::CompletedCalls calls_;
};

/// The results in the order in which they become ready, each exactly once; those first that are
/// ready at this call. Their tasks may be of several pools. Ends when all have come, with an empty
/// vector at once. Does not block; the range does. The results are where they are in the vector,
/// which must live as long as the range and keep its elements in their places. Results that are
/// appended to the vector later, which must not reallocate it, are not waited for. Throws
/// UsageError for a result that was moved from, and in a forked child for one that was not ready.
/// Threads: any. Cost: in total proportional to the number of results.
template <class R>
AsCompleted<R> as_completed(std::vector<AsyncResult<R>>& results) {
  return AsCompleted<R>(results);
}

/// The index of a result that is ready, the lowest where there is one already. Blocks until there
/// is one. Throws UsageError where there are no results, for a result that was moved from, and in a
/// forked child where none was ready. Threads: any. Cost: proportional to the number of results:
/// as_completed() is the faster one for a loop over all of them.
template <class R>
std::size_t wait_any(const std::vector<AsyncResult<R>>& results) {
  if (results.empty()) detail::throw_nothing_to_wait_for();
  return *detail::wait_any_by(results, std::nullopt);
}
/// Same, but waits for at most `duration`. Empty when no result was ready in time; of no results at
/// once.
template <class R, class Rep, class Period>
std::optional<std::size_t> wait_any_for(const std::vector<AsyncResult<R>>& results,
                                        std::chrono::duration<Rep, Period> duration) {
  return detail::wait_any_by(results, detail::deadline_after(duration));
}
/// Same, but waits until `time` at most.
template <class R>
std::optional<std::size_t> wait_any_until(const std::vector<AsyncResult<R>>& results,
                                          std::chrono::steady_clock::time_point time) {
  return detail::wait_any_by(results, detail::deadline_at(time));
}

/// Blocks until all results are ready; of no results not at all. Errors are not thrown here but by
/// get(). Throws UsageError for a result that was moved from, and in a forked child for one that
/// was not ready. Threads: any. Cost: proportional to the number of results.
template <class R>
void wait_all(const std::vector<AsyncResult<R>>& results) {
  detail::wait_for_completion(detail::ResultAccess::jobs(results), std::nullopt);
}
/// Same, but waits for at most `duration`. Returns whether all are ready.
template <class R, class Rep, class Period>
bool wait_all_for(const std::vector<AsyncResult<R>>& results,
                  std::chrono::duration<Rep, Period> duration) {
  return detail::wait_for_completion(detail::ResultAccess::jobs(results),
                                     detail::deadline_after(duration));
}
/// Same, but waits until `time` at most.
template <class R>
bool wait_all_until(const std::vector<AsyncResult<R>>& results,
                    std::chrono::steady_clock::time_point time) {
  return detail::wait_for_completion(detail::ResultAccess::jobs(results),
                                     detail::deadline_at(time));
}

}  // namespace brood

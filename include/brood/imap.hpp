#pragma once

#include <cstddef>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include <brood/detail/chrono.hpp>
#include <brood/detail/pool/elements.hpp>
#include <brood/detail/pool/reporter.hpp>
#include <brood/detail/pool/results.hpp>
#include <brood/options.hpp>
#include <brood/outcome.hpp>

namespace brood {

namespace detail {
class Calls;
/// A job whose results are taken one by one. Cancels it when the taker is destroyed.
class CancelledWhenDropped {
 public:
  explicit CancelledWhenDropped(JobHandle job) : job_(std::move(job)) {}
  CancelledWhenDropped(CancelledWhenDropped&&) noexcept = default;
  CancelledWhenDropped& operator=(CancelledWhenDropped&& other) noexcept {
    std::swap(job_, other.job_);
    if (this != &other) other.drop();
    return *this;
  }
  ~CancelledWhenDropped() { drop(); }
  Job* operator->() const noexcept { return job_.get(); }
  Job& operator*() const noexcept { return *job_; }
  explicit operator bool() const noexcept { return job_ != nullptr; }

 private:
  void drop() noexcept try {
    if (job_) std::exchange(job_, nullptr)->cancel(Kill::no);
  } catch (const std::exception&) {
    // Without memory for it the pool ends, and the job with it.
  }
  JobHandle job_;
};
}  // namespace detail

/// The results of imap and imap_unordered, as a single-pass range. The thread that iterates takes
/// the inputs, at most CallOptions::window more than it has got results. Destroying the range, or
/// assigning to it, cancels the elements that have not begun.
///   for (int length : pool.imap(measure, lines)) …
///   for (int length : pool.imap(measure, endless) | std::views::take(10)) …
/// A function blocks only where it says so. An element's error is thrown where its value is asked
/// for, and not where its outcome is.
/// Threads: one at a time. Cost: memory for the inputs and results of a window; each result is
/// decoded once.
template <class R>
class [[nodiscard]] ImapRange {
 public:
  /// The type of a value: R, or std::tuple<> where R is void.
  using value_type = typename Outcome<R>::value_type;
  /// Whether results come in the order of the input, or as they are ready.
  enum class Order : bool { input, completion };

  /// The next outcome, value or error; empty at the end. Blocks until it is there. What the input
  /// range throws becomes the last outcome. So does PoolClosed, where the thread that read last (at
  /// first: that made the range) joined the pool, or ended while it was joined, before all input
  /// was taken. The rest then stays in the input. Throws UsageError where the range was moved from.
  std::optional<Outcome<R>> next_outcome() { return outcome_by({}); }
  /// Same, but waits for at most `duration` for a result. Then it throws TimeoutError, and no
  /// result is lost. Inputs that are due are taken first, however long that takes.
  template <class Rep, class Period>
  std::optional<Outcome<R>> next_outcome_for(std::chrono::duration<Rep, Period> duration) {
    return outcome_by(detail::deadline_after(duration));
  }
  /// Same, but waits until `time` at most.
  std::optional<Outcome<R>> next_outcome_until(std::chrono::steady_clock::time_point time) {
    return outcome_by(detail::deadline_at(time));
  }
  /// The next value; empty at the end. Blocks until it is there. Throws the element's error; the
  /// call after that gives the next element.
  std::optional<value_type> next() { return valued(next_outcome()); }
  /// Same, but waits for at most `duration` for a result. Then it throws TimeoutError, and no
  /// result is lost. Inputs that are due are taken first, however long that takes.
  template <class Rep, class Period>
  std::optional<value_type> next_for(std::chrono::duration<Rep, Period> duration) {
    return valued(next_outcome_for(duration));
  }
  /// Same, but waits until `time` at most.
  std::optional<value_type> next_until(std::chrono::steady_clock::time_point time) {
    return valued(next_outcome_until(time));
  }

  /// An input iterator. Its increment blocks until the next outcome is there.
  class iterator {
   public:
    /// What std::input_iterator asks for.
    using iterator_concept = std::input_iterator_tag;
    /// What std::input_iterator asks for.
    using value_type = ImapRange::value_type;
    /// What std::input_iterator asks for.
    using difference_type = std::ptrdiff_t;
    /// Of no range: it can only be assigned to.
    iterator() = default;
    /// The value. Throws the element's error.
    value_type& operator*() const { return range_->current_value(); }
    /// Takes the next outcome. Blocks until it is there.
    iterator& operator++() {
      range_->current_ = range_->next_outcome();
      return *this;
    }
    void operator++(int) { ++*this; }
    /// Whether the end is reached.
    bool operator==(std::default_sentinel_t) const { return !range_->current_; }

   private:
    friend class ImapRange;
    explicit iterator(ImapRange& range) : range_(&range) { ++*this; }

    ImapRange* range_ = nullptr;
  };
  /// Iterates over the values. Takes the first outcome, and so blocks until it is there.
  iterator begin() { return iterator(*this); }
  /// The end of the values.
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  friend class detail::Calls;
  // Takes the first inputs.
  ImapRange(detail::JobHandle job, std::unique_ptr<detail::Source> source, std::size_t window,
            Order order, ProgressFunction progress)
      : job_(std::move(job)),
        source_(std::move(source)),
        window_(window),
        order_(order),
        reporter_(std::move(progress)) {
    refill();
  }
  std::optional<Outcome<R>> outcome_by(const detail::Deadline& deadline) {
    if (!job_) detail::throw_moved_from("ImapRange");
    refill();
    reporter_.begin(*job_, total());
    for (;;) {
      if (auto outcome = take_buffered()) return outcome;
      if (delivered_ == submitted_ && exhausted_) return end_of_input();
      const detail::Deadline until = reporter_.next(deadline);
      std::vector<detail::Piece> pieces = job_->take_pieces(until);
      if (pieces.empty() && job_->finished()) {
        pieces = job_->take_pieces(until);
        if (pieces.empty()) return job_ended();
      } else if (pieces.empty() && until == deadline) {
        detail::throw_timeout();
      }
      for (const detail::Piece& piece : pieces) buffer(piece);
      report();
    }
  }
  // Inputs: taken until `window_` more than have been delivered.
  void refill() {
    if (exhausted_) return;
    const detail::Intake intake = job_->intake();  // also says which thread reads
    if (intake == detail::Intake::ended || submitted_ >= delivered_ + window_) return;
    if (intake == detail::Intake::cut_short) return cut_short();
    detail::Elements more;
    try {
      exhausted_ = !source_->pull(more, delivered_ + window_ - submitted_);
    } catch (...) {
      input_error_ = std::current_exception();
      exhausted_ = true;
    }
    const std::size_t taken = more.count;
    job_->extend(std::move(more), exhausted_ ? detail::Input::ends : detail::Input::goes_on);
    // The input itself may have joined the pool.
    if (taken != 0 && job_->intake() == detail::Intake::cut_short) return cut_short();
    submitted_ += taken;
  }
  void cut_short() {
    input_error_ = detail::joined_too_early();
    exhausted_ = true;
  }
  void buffer(const detail::Piece& piece) {
    detail::for_each_outcome<R>(piece, [this](std::size_t index, Outcome<R>&& outcome) {
      buffered_.emplace(order_ == Order::input ? index : arrived_++, std::move(outcome));
    });
  }
  std::optional<Outcome<R>> take_buffered() {
    const auto next = buffered_.find(delivered_);
    if (next == buffered_.end()) return std::nullopt;
    std::optional<Outcome<R>> outcome(std::move(next->second));
    buffered_.erase(next);
    ++delivered_;
    return outcome;
  }
  // What the range says may be less than there is.
  std::size_t total() const {
    if (exhausted_) return submitted_;
    if (source_->size() == 0) return 0;
    return source_->size() < submitted_ ? submitted_ : source_->size();
  }
  void report() { reporter_.report(*job_, total()); }
  std::optional<Outcome<R>> end_of_input() {
    report();  // the total may not have been known with the last result
    if (input_error_) return Outcome<R>(std::exchange(input_error_, nullptr), delivered_);
    return std::nullopt;
  }
  // The job ended without a result for this element: cancelled, or its pool was.
  std::optional<Outcome<R>> job_ended() {
    exhausted_ = true;
    const std::size_t index = std::exchange(delivered_, submitted_);
    if (std::exception_ptr error = job_->error()) return Outcome<R>(std::move(error), index);
    return std::nullopt;
  }
  value_type& current_value() {
    if constexpr (std::is_void_v<R>) {
      current_->value();
      return unit_;
    } else {
      return current_->value();
    }
  }
  static std::optional<value_type> valued(std::optional<Outcome<R>> outcome) {
    if (!outcome) return std::nullopt;
    if constexpr (std::is_void_v<R>) {
      outcome->value();
      return value_type{};
    } else {
      return std::move(*outcome).value();
    }
  }

  detail::CancelledWhenDropped job_;
  std::unique_ptr<detail::Source> source_;
  std::size_t window_;
  Order order_;
  detail::Reporter reporter_;
  std::size_t submitted_ = 0, delivered_ = 0, arrived_ = 0;
  bool exhausted_ = false;
  std::exception_ptr input_error_;
  std::unordered_map<std::size_t, Outcome<R>> buffered_;  // those before which one is missing
  std::optional<Outcome<R>> current_;
  [[no_unique_address]] std::conditional_t<std::is_void_v<R>, value_type, std::false_type> unit_;
};

}  // namespace brood

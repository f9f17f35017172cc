#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>

#include <brood/detail/chrono.hpp>
#include <brood/imap.hpp>
#include <brood/outcome.hpp>

namespace brood {

/// The outcomes of try_imap and try_imap_unordered, as a single-pass range: those of an ImapRange,
/// of which it keeps all promises, each with its index.
///   for (const brood::Outcome<Image>& outcome : pool.try_imap(decode, files)) …
/// A function blocks only where it says so. Throws as ImapRange does, but no error of an element.
/// Threads: one at a time. Cost: that of an ImapRange.
template <class R>
class [[nodiscard]] OutcomeRange {
 public:
  /// Of the results of an imap. Does not block.
  explicit OutcomeRange(ImapRange<R> results) : results_(std::move(results)) {}

  /// The next outcome; empty at the end. Blocks until it is there. Throws UsageError where the
  /// range was moved from.
  std::optional<Outcome<R>> next() { return results_.next_outcome(); }
  /// Same, but waits for at most `duration`. Then it throws TimeoutError, and no outcome is lost.
  template <class Rep, class Period>
  std::optional<Outcome<R>> next_for(std::chrono::duration<Rep, Period> duration) {
    return results_.next_outcome_for(duration);
  }
  /// Same, but waits until `time` at most.
  std::optional<Outcome<R>> next_until(std::chrono::steady_clock::time_point time) {
    return results_.next_outcome_until(time);
  }

  /// An input iterator. Its increment blocks until the next outcome is there.
  class iterator {
   public:
    /// What std::input_iterator asks for.
    using iterator_concept = std::input_iterator_tag;
    /// What std::input_iterator asks for.
    using value_type = Outcome<R>;
    /// What std::input_iterator asks for.
    using difference_type = std::ptrdiff_t;
    /// Of no range: it can only be assigned to.
    iterator() = default;
    /// The outcome.
    Outcome<R>& operator*() const { return *range_->current_; }
    /// A member of it.
    Outcome<R>* operator->() const { return &*range_->current_; }
    /// Takes the next outcome. Blocks until it is there.
    iterator& operator++() {
      range_->current_ = range_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    /// Whether the end is reached.
    bool operator==(std::default_sentinel_t) const { return !range_->current_; }

   private:
    friend class OutcomeRange;
    explicit iterator(OutcomeRange& range) : range_(&range) { ++*this; }

    OutcomeRange* range_ = nullptr;
  };
  /// Iterates over the outcomes. Takes the first one, and so blocks until it is there.
  iterator begin() { return iterator(*this); }
  /// The end of the outcomes.
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  ImapRange<R> results_;
  std::optional<Outcome<R>> current_;
};

}  // namespace brood

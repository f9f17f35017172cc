#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <brood/detail/pool/job.hpp>
#include "pool/base/core_lock.hpp"
#include "pool/calls/arguments.hpp"
#include "pool/calls/callbacks.hpp"
#include "pool/scheduler/types.hpp"

namespace brood::pool {

/// Results of consecutive elements in the buffer that they came in. Where a call keeps them they
/// become a detail::Piece, which owns its bytes.
struct ArrivedResults {
  std::size_t first, count;
  detail::ResultShape shape;
  std::span<const std::byte> bytes;
  // Descriptors of shared objects in them; null: none.
  std::shared_ptr<detail::Attachments> attached;
  // What each of the elements wrote; empty: none of them wrote anything.
  std::span<const detail::ElementOutput> outputs{};
};
/// A copy. The descriptors stay as long as the bytes that need them.
detail::Piece to_piece(const ArrivedResults& results);

/// What a job of the scheduler's stands for: one call (CallState), or several that travel together
/// (CallBatch). Threads: under the core's lock.
class CallJob : public std::enable_shared_from_this<CallJob> {
 public:
  virtual ~CallJob() = default;

  // Constant when it has been added to the driver, so that its caller may read it without the lock.
  JobId id = 0;
  // By its caller, which cannot go on meanwhile.
  bool driven BROOD_GUARDED_BY(core_lock) = false;

  virtual bool finished() const noexcept = 0;
  /// Whether each element is a call of its own.
  virtual bool has_separate_calls() const noexcept { return false; }
  /// What the caller knows an element as.
  std::size_t index_in_call(std::size_t element) const noexcept {
    return has_separate_calls() ? 0 : element;
  }
  /// What its caller wants where an element does not end well.
  const detail::CallTerms& terms() const noexcept { return *terms_; }

  // --- to the worker ---
  virtual const Arguments& arguments() const noexcept BROOD_REQUIRES(core_lock) = 0;
  /// They are not needed any more.
  virtual void drop_arguments() noexcept BROOD_REQUIRES(core_lock) {}
  /// Where it waits for input that does not come while the calling thread waits, it gets no more.
  /// Whether that is so.
  virtual bool cut_short() noexcept BROOD_REQUIRES(core_lock) { return false; }

  // --- from the worker; what has been reported is kept, or nothing has changed when it throws ---
  /// What its results look like.
  detail::ResultShape result_shape() const noexcept { return results_; }
  /// Throws CodecError unless these results are of its elements, have its shape, and are as many as
  /// they say. Before they count as reported.
  void check(const ArrivedResults& results) const BROOD_REQUIRES(core_lock);
  /// They have been checked.
  virtual void deliver(const ArrivedResults& results, Callbacks& callbacks)
      BROOD_REQUIRES(core_lock) = 0;
  virtual void fail(std::size_t index, std::unique_ptr<detail::Failure> failure,
                    Callbacks& callbacks) BROOD_REQUIRES(core_lock) = 0;
  /// The caller of an element has cancelled it: that has its end by `reason`, where elements have
  /// ends of their own.
  virtual void cancelled(std::size_t, const std::exception_ptr&, Callbacks&) noexcept
      BROOD_REQUIRES(core_lock) {}
  /// How many of these elements have no end yet, where elements have ends of their own; else all.
  virtual std::size_t open_among(std::size_t, std::size_t count) const noexcept
      BROOD_REQUIRES(core_lock) {
    return count;
  }
  /// The last thing that happens to it. `error`: why all of it failed, null when its elements have
  /// their own ends.
  virtual void finish(const std::exception_ptr& error, Callbacks& callbacks) noexcept
      BROOD_REQUIRES(core_lock) = 0;

  /// What an attempt of an element ended in that gets another.
  void note_attempt(std::size_t element, std::string outcome) BROOD_REQUIRES(core_lock) {
    earlier_[element].push_back(std::move(outcome));
  }
  /// What is known of the element's attempts at its end.
  Attempts take_attempts(std::size_t element) BROOD_REQUIRES(core_lock);

 protected:
  CallJob(std::shared_ptr<const detail::CallTerms> terms, detail::ResultShape results)
      : terms_(std::move(terms)), results_(results) {}

 private:
  const std::shared_ptr<const detail::CallTerms> terms_;
  const detail::ResultShape results_;
  std::map<std::size_t, std::vector<std::string>> earlier_ BROOD_GUARDED_BY(core_lock);
};

/// What the scheduler has to know of them.
JobTraits traits_of(const detail::CallTerms& terms);

}  // namespace brood::pool

#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include <brood/detail/duration.hpp>
#include <brood/detail/export.hpp>
#include <brood/detail/pool/job.hpp>

// What waiting for many results consists of, below their types.
namespace brood::detail {

/// Gives the numbers of calls in the order in which they end, each once; those first that have
/// ended already. It holds a call until it gives its number. Threads: one at a time.
class BROOD_API CompletedCalls {
 public:
  /// Throws UsageError in a forked child where one of the calls will never end.
  explicit CompletedCalls(std::vector<JobHandle> calls);
  CompletedCalls(CompletedCalls&&) noexcept;
  CompletedCalls& operator=(CompletedCalls&&) noexcept;
  ~CompletedCalls();

  /// Blocks until the next one ends. Empty where the deadline has come first, and at the end.
  /// Throws UsageError in a forked child that did not make this object.
  std::optional<std::size_t> next(const Deadline& deadline);
  /// How many numbers are still to be given.
  std::size_t left() const noexcept;
  /// False where it was moved from.
  explicit operator bool() const noexcept { return state_ != nullptr; }

 private:
  class State;
  std::unique_ptr<State> state_;
};

/// The number of a call that has ended: blocks until there is one, or until the deadline.
BROOD_API std::optional<std::size_t> first_completed(std::vector<JobHandle> calls,
                                                     const Deadline& deadline);
/// Blocks until all have ended. False where the deadline has come first.
BROOD_API bool wait_for_completion(const std::vector<JobHandle>& calls, const Deadline& deadline);

[[noreturn]] BROOD_API void throw_nothing_to_wait_for();

}  // namespace brood::detail

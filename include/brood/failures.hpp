#pragma once

#include <cstddef>
#include <exception>
#include <iosfwd>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <brood/detail/export.hpp>
#include <brood/outcome.hpp>

// What is known of elements that failed, for persons. Nothing here blocks or throws
// but std::bad_alloc.
namespace brood {

/// Where an exception comes from.
struct Origin {
  /// Name of the worker: "SpawnPoolWorker-1". Empty: not known.
  std::string worker;
  /// Its process id. 0: not known.
  int pid = 0;
  /// The machine that it runs on. Empty: this one.
  std::string node;
  /// Position of the element in the input of its call.
  std::size_t index = 0;
  /// Number of the last attempt, from 1 on.
  int attempt = 1;
  /// The file that keeps the element for another run: see PoolOptions::save_failed. Empty: none.
  std::string saved{};
};

/// Where the task ran that ended in this exception: TaskError, WorkerLost or TaskTimeout, or an
/// exception of the task's own type, in which the TaskError is nested. Empty for every other one,
/// and for null. Threads: any. Cost: a look at the exception and those nested in it.
BROOD_API std::optional<Origin> origin(const std::exception_ptr& error);

/// What the element wrote to stdout and stderr that ended in this exception, with Output::capture,
/// also for an exception of the task's own type. Empty for every other one, and for null. Threads:
/// any. Cost: as for origin(), and a copy of the text.
BROOD_API std::string output(const std::exception_ptr& error);

/// Everything that is known of an exception, in a few lines: what it says, the element and its
/// attempts, what it was caused by, and for a dead worker what it died of, its stack trace and its
/// last log lines, and the last lines of what the element wrote. Empty for null. Without a newline
/// at the end. Threads: any. Cost: of a crash, as CrashReport::stack_trace.
BROOD_API std::string describe(const std::exception_ptr& error);

/// The failures among outcomes, those that are alike together. Threads: as any value.
class BROOD_API FailureSummary {
 public:
  /// Failures of one kind with one text.
  struct Group {
    /// How the elements ended.
    OutcomeKind kind = OutcomeKind::error;
    /// What they have in common: "std::out_of_range: no such key", "signal 11 (SIGSEGV,
    /// Segmentation fault)".
    std::string text{};
    /// Their positions in the input, in the order of the outcomes.
    std::vector<std::size_t> elements{};
    /// The error of the first of them.
    std::exception_ptr example{};
  };

  /// The groups, the largest first; of equal ones the one that came first.
  const std::vector<Group>& groups() const noexcept { return groups_; }
  /// Number of outcomes.
  std::size_t total() const noexcept { return total_; }
  /// Number of failures among them.
  std::size_t failed() const noexcept { return failed_; }
  /// As a short table, without a newline at the end: a line for all, and one for each group with
  /// the first of its elements.
  ///   3 of 1,000 elements failed
  ///     2  worker lost  signal 11 (SIGSEGV, Segmentation fault)  [17, 408]
  ///     1  exception    std::runtime_error: no header  [3]
  std::string str() const;

 private:
  template <class R>
  friend FailureSummary summary(const std::vector<Outcome<R>>& outcomes);
  struct Failed {
    std::size_t index;
    std::exception_ptr error;
  };
  FailureSummary(std::size_t total, std::vector<Failed> failed);

  std::vector<Group> groups_;
  std::size_t total_, failed_;
};

/// Prints summary.str().
BROOD_API std::ostream& operator<<(std::ostream& stream, const FailureSummary& summary);

/// The failures among these outcomes. Threads: any. Cost: a look at each; groups are found by their
/// text.
template <class R>
FailureSummary summary(const std::vector<Outcome<R>>& outcomes) {
  std::vector<FailureSummary::Failed> failed;
  for (const Outcome<R>& outcome : outcomes) {
    if (!outcome.has_value()) failed.push_back({outcome.index(), outcome.error()});
  }
  return FailureSummary(outcomes.size(), std::move(failed));
}

}  // namespace brood

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "pool/scheduler/types.hpp"

namespace brood::pool {

/// What elements of a function cost.
struct Cost {
  double mean = 0;  // ns
  std::uint64_t samples = 0;
  std::size_t largest = 0;  // chunk that has come back
};

/// An element that workers had next and had not begun when they lost it.
struct Unbegun {
  std::uint32_t deaths = 0;  // of such workers
  Nanoseconds time{};        // for which it was next in them
  bool passed_on = false;    // that is too long: the worker that has it now is the last
};

/// One job as the scheduler knows it: where its elements are, and what has become of them. Jobs and
/// PendingElements change it, others read it.
struct JobRecord {
  struct Range {
    std::size_t first, last;  // [first, last)
  };
  JobTraits traits;
  Cost* cost = nullptr;
  std::uint32_t generation = 0;
  bool live = false, sealed = false, finished = false, runnable = false, draining = false;
  std::vector<Range> pending;  // what goes next is at the back
  std::size_t pending_count = 0, total = 0, resolved = 0, assigned = 0, largest = 0;
  std::map<std::size_t, Retries> failures;  // attempts used up, for elements that have failed
  std::vector<std::size_t> cancelled;       // elements that ran then, and are stopped
  std::vector<std::size_t> last_attempts;   // elements that are not to be tried again
  std::map<std::size_t, Unbegun> unbegun;
  std::vector<WorkerId> defined_in;  // in their order

  bool was_cancelled(std::size_t index) const;
  bool has_last_attempt(std::size_t index) const;
  /// Whether the worker that has this element next is the last that gets it.
  bool is_passed_on(std::size_t index) const;
  /// The attempt that an element of what goes next would be.
  std::uint32_t next_attempt() const {
    if (failures.empty()) return 1;
    const auto failed = failures.find(pending.back().first);
    return failed == failures.end() ? 1 : failed->second.sum() + 1;
  }
  /// Whether the worker does not have the job's definition; it has it from now on.
  bool is_defined_anew_in(WorkerId worker);
  /// How many elements can go next as one chunk.
  std::size_t next_range() const { return pending.back().last - pending.back().first; }

  /// Makes more elements pending, behind all others.
  void append(std::size_t count);
  /// Takes from what goes next; returns its first element.
  std::size_t take(std::size_t count) {
    Range& range = pending.back();
    const std::size_t first = range.first;
    range.first += count;
    if (range.first == range.last) pending.pop_back();
    pending_count -= count;
    assigned += count;
    return first;
  }
  /// Elements go first when the job is next served.
  void put_back(std::size_t first, std::size_t count);
  /// Nothing is pending any more; returns how many elements were.
  std::size_t give_up_pending();
  /// False if the element is not pending.
  bool give_up_pending(std::size_t index);
  /// For the next job in this slot; keeps what memory the vectors have.
  void reset() noexcept;
};

}  // namespace brood::pool

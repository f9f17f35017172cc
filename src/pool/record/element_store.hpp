#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <brood/statistics.hpp>
#include "trace/timeline.hpp"

namespace brood::pool {

/// The elements of a timeline, in bounded memory. It thins those that ended with a value: README.md
/// has the rule. Pure. Threads: one at a time.
class ElementStore {
 public:
  /// Of those that ended with a value it keeps at most `most`.
  explicit ElementStore(std::size_t most) : most_(most) {}

  /// False where it takes no more: failures alone are as many as it may keep. `times`: of all
  /// elements that have ended, ns for which they ran. Throws std::bad_alloc; then the element is
  /// not kept.
  bool add(const trace::TimelineElement& element, const Histogram& times);
  std::uint64_t left_out() const noexcept { return left_out_; }
  std::vector<trace::TimelineElement>& elements() noexcept { return elements_; }

 private:
  bool is_slow(const trace::TimelineElement& element) const noexcept;
  void thin(const Histogram& times);

  const std::size_t most_;
  // Elements that ran for longer than all but so many are kept as failures are.
  const std::uint64_t slowest_ = std::min<std::uint64_t>(1000, most_ / 4);
  std::vector<trace::TimelineElement> elements_;
  std::size_t failures_ = 0;                                        // among them
  std::uint64_t one_of_ = 1;                                        // so many that come is kept
  std::uint64_t passed_ = 0;                                        // since the last one that was
  std::uint64_t left_out_ = 0;                                      // that are not kept
  std::uint64_t slow_ = std::numeric_limits<std::uint64_t>::max();  // ns: longer than that
};

}  // namespace brood::pool

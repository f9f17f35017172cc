#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include <brood/detail/pool/job.hpp>

namespace brood::pool {

/// Small calls that are alike (the same function without state, the same terms): what they have in
/// common, and their arguments, one behind the other. Threads: one at a time.
class CallRun {
 public:
  /// Of one call: SmallCall::fits().
  explicit CallRun(detail::JobSpec&& first) noexcept : spec_(std::move(first)) {}

  /// Takes one more. False where it is not like the others, or the run is full. When it throws
  /// std::bad_alloc the run is of the same calls as before.
  bool take(const detail::JobSpec& next);
  std::size_t count() const noexcept { return spec_.elements.count; }
  /// One job for all; its arguments are those of a map where there are several.
  detail::JobSpec& spec() noexcept { return spec_; }

 private:
  bool is_like(const detail::JobSpec& next) const;
  void begin_records(std::size_t size_of_next);
  void append(std::span<const std::byte> argument);

  detail::JobSpec spec_;
};

}  // namespace brood::pool

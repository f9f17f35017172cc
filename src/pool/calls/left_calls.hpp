#pragma once

#include <memory>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include <brood/detail/pool/job.hpp>
#include "pool/base/core_lock.hpp"
#include "pool/calls/call_run.hpp"
#include "pool/calls/call_state.hpp"
#include "pool/calls/small_call.hpp"

namespace brood::pool {

/// Calls that callers have left, in their order. Threads: one at a time.
class LeftCalls {
 public:
  /// When these throw std::bad_alloc the call has not been left.
  void add(std::shared_ptr<CallState> call) { entries_.emplace_back(std::move(call)); }
  void add(std::shared_ptr<SmallCall> call, detail::JobSpec&& spec);
  bool empty() const noexcept { return entries_.empty(); }

  /// Calls take(std::shared_ptr<CallState>&) and take(CallRun&&, calls of the run) in their order,
  /// which take them. When one throws, what has not been taken is still here.
  template <class Take>
  void take_each(Take take) BROOD_REQUIRES(core_lock) {
    std::span<std::shared_ptr<SmallCall>> small = small_;
    for (Entry& entry : entries_) {
      if (auto* const own = std::get_if<std::shared_ptr<CallState>>(&entry)) {
        take(*own);
        continue;
      }
      CallRun& run = std::get<CallRun>(entry);
      const std::size_t count = run.count();
      take(std::move(run), small.first(count));
      small = small.subspan(count);
    }
    clear();
  }
  /// Calls visit(AwaitedCall&) for each that has not been taken.
  template <class Visit>
  void for_each(Visit visit) const BROOD_REQUIRES(core_lock) {
    for (const std::shared_ptr<SmallCall>& call : small_) {
      if (call) visit(*call);
    }
    for (const Entry& entry : entries_) {
      const auto* const own = std::get_if<std::shared_ptr<CallState>>(&entry);
      if (own != nullptr && *own) visit(**own);
    }
  }

 private:
  using Entry = std::variant<std::shared_ptr<CallState>, CallRun>;
  void clear() noexcept;

  std::vector<Entry> entries_;
  std::vector<std::shared_ptr<SmallCall>> small_;  // those of all runs
};

}  // namespace brood::pool

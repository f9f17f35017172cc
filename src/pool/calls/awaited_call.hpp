#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <brood/detail/pool/job.hpp>
#include "pool/base/core_lock.hpp"
#include "pool/calls/call_failure.hpp"
#include "pool/calls/callbacks.hpp"
#include "pool/calls/completion.hpp"
#include "pool/calls/pool_for_calls.hpp"
#include "pool/scheduler/types.hpp"

namespace brood::pool {

/// A call as its callers see it, whatever the driver takes it for. Threads: any.
class AwaitedCall : public detail::Job {
 public:
  /// Reports an error that was not asked for.
  ~AwaitedCall() override;

  bool finished() const noexcept override { return completion_.finished(); }
  bool wait(const detail::Deadline& deadline) override;
  // Constant when the call is finished: error(), failed() then read it without the lock, and are
  // not analysed.
  std::exception_ptr error() const override BROOD_NO_THREAD_SAFETY_ANALYSIS;
  bool failed() const noexcept override BROOD_NO_THREAD_SAFETY_ANALYSIS {
    return failure_.has_come();
  }
  void report_unobserved() noexcept override { observed_.store(false, std::memory_order_relaxed); }
  bool cancel(Kill kill) override;
  void when_finished(std::function<void()> callback) override;
  /// Tells `watch` when it has ended; at once, when that is so already. Throws UsageError in a
  /// forked child where it will never end, std::bad_alloc.
  void watch(EndWatch& watch);
  /// From now on it is not told.
  void unwatch(EndWatch& watch) noexcept;
  /// Null where it has been destroyed. Then the call has ended.
  std::shared_ptr<PoolForCalls> pool() const noexcept { return pool_.lock(); }

  /// What the driver knows it as: an element of a job, or Action::all of it.
  struct ElementId {
    JobId job;
    std::size_t element;
  };
  /// Nothing: there is nothing to be cancelled.
  virtual std::optional<ElementId> element_id() const noexcept BROOD_REQUIRES(core_lock) = 0;
  /// The last thing that happens to it. `error`: why all of it failed, or null.
  void conclude(const std::exception_ptr& error, Callbacks& callbacks) noexcept
      BROOD_REQUIRES(core_lock);

 protected:
  explicit AwaitedCall(std::weak_ptr<PoolForCalls> pool) : pool_(std::move(pool)) {}
  /// False when the deadline has passed.
  bool sleep(std::uint32_t seen, const detail::Deadline& deadline, Completion::Until until);

  Completion completion_;
  CallFailure failure_ BROOD_GUARDED_BY(core_lock);

 private:
  bool help(PoolForCalls& owner, std::uint32_t seen, const detail::Deadline& deadline,
            Completion::Until until);

  const std::weak_ptr<PoolForCalls> pool_;
  Callbacks::AtEnd at_end_;
  // Last: a derived class begins in the bytes behind it.
  mutable std::atomic<bool> observed_{true};  // false: its error is to be reported
};

}  // namespace brood::pool

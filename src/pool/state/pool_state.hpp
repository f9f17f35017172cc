#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <span>
#include <string>

#include <brood/options.hpp>
#include "pool/base/core_lock.hpp"
#include "pool/calls/call_state.hpp"
#include "pool/calls/callbacks.hpp"
#include "pool/channels/locked_driver.hpp"
#include "pool/driver/driver.hpp"
#include "pool/state/collapse.hpp"
#include "pool/state/descriptor_loss.hpp"
#include "pool/state/intake.hpp"

namespace brood::pool {

/// What a pool keeps of the times of its elements.
enum class Recorded : std::uint8_t { nothing, histograms, timeline };

/// What the threads of callers and the dispatcher share of a pool: its driver under the core's
/// lock, what callers have left for it, and why no call can end well any more. Threads: any.
class PoolState final : public LockedDriver {
 public:
  /// `method`: name of the start method. `keeper`: null where no failed element is kept.
  /// `processes` is not used before there is something to do.
  PoolState(const PoolOptions& options, const std::string& method, WorkerProcesses& processes,
            Callbacks& callbacks, FailureKeeper* keeper, Recorded recorded);

  FairMutex& mutex() noexcept { return mutex_; }
  Driver& driver() noexcept BROOD_REQUIRES(core_lock) { return driver_; }
  /// Null where nothing is recorded.
  Recorder* recorder() noexcept BROOD_REQUIRES(core_lock) { return recorder_.get(); }
  /// When this call leaves, where times are recorded.
  Time queue_time() const noexcept { return is_recorded_ ? Time::clock::now() : Time{}; }

  // --- LockedDriver: the dispatcher's thread, without the lock ---
  // Not analysed: see LinksOfDispatcher.
  LinksOfDispatcher workers() const noexcept override BROOD_NO_THREAD_SAFETY_ANALYSIS {
    return LinksOfDispatcher(driver_.workers());
  }
  std::size_t read(WorkerLink& link) override BROOD_EXCLUDES(core_lock);
  void unreadable(WorkerLink& link, const std::exception_ptr& error) override
      BROOD_EXCLUDES(core_lock);
  void hung_up(WorkerLink& link) override BROOD_EXCLUDES(core_lock);
  void ended(WorkerLink& link) override BROOD_EXCLUDES(core_lock);

  // --- calls ---
  /// These leave a call, without the lock. Whether the dispatcher has to be woken for it. They
  /// throw what Intake::put does.
  bool leave(std::shared_ptr<CallState> call);
  bool leave(std::shared_ptr<SmallCall> call, detail::JobSpec&& spec);
  /// Gives a call to the driver. Throws PoolClosed, or why no call can end well any more.
  void add(const std::shared_ptr<CallState>& call) BROOD_REQUIRES(core_lock);
  /// Gives the driver what callers have left.
  void take_intake() BROOD_REQUIRES(core_lock);
  /// Whether nothing more has come in: the dispatcher may sleep.
  bool settle_intake() BROOD_REQUIRES(core_lock);
  /// No more is taken in.
  void close(Closing how) BROOD_REQUIRES(core_lock);
  /// After terminate() nothing is written to workers: what outboxes have borrowed may be gone.
  bool is_terminated() const noexcept override {
    return is_terminated_.load(std::memory_order_acquire);
  }

  // --- no call can end well any more ---
  Collapse& collapse() noexcept BROOD_REQUIRES(core_lock) { return collapse_; }
  /// The dispatcher cannot go on: every call ends, and later ones, with a SystemError that says so.
  /// The workers are the caller's to end.
  void end_all_calls(const std::exception_ptr& error) noexcept BROOD_EXCLUDES(core_lock);
  DescriptorLoss& loss() noexcept { return loss_; }
  /// Whether this process has closed the pool's descriptors. Cost: one fstat(2).
  bool has_lost_descriptors() const noexcept override { return loss_.is_seen(); }
  /// It has: every call ends, and nothing of the pool is destroyed any more.
  void lose_descriptors() noexcept BROOD_EXCLUDES(core_lock);

 private:
  void add(CallRun&& run, std::span<std::shared_ptr<SmallCall>> calls) BROOD_REQUIRES(core_lock);
  bool must_wake_for(int priority) const noexcept;
  JobTraits within_limits(JobTraits traits) const noexcept;

  const bool ends_tasks_;  // false: they run in this process, which no limit of time ends
  FairMutex mutex_;        // the dispatcher's most of the time
  DescriptorLoss loss_;
  Callbacks& callbacks_;
  const bool is_recorded_;
  const std::unique_ptr<Recorder> recorder_ BROOD_GUARDED_BY(core_lock);
  Scheduler scheduler_ BROOD_GUARDED_BY(core_lock);
  Driver driver_ BROOD_GUARDED_BY(core_lock);
  Intake intake_;
  LeftCalls taken_ BROOD_GUARDED_BY(core_lock);  // a member for its memory
  std::atomic<bool> backlog_{false};             // jobs wait for a worker, not for the dispatcher
  std::atomic<bool> is_terminated_{false};       // or cannot go on
  Collapse collapse_ BROOD_GUARDED_BY(core_lock);
};

}  // namespace brood::pool

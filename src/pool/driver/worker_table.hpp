#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "pool/base/core_lock.hpp"
#include "pool/driver/host.hpp"
#include "pool/driver/worker_link.hpp"
#include "pool/scheduler/types.hpp"

namespace brood::pool {

/// The workers of a pool by their slots: what is wrong with them, how they are stopped and seen to
/// end. Threads: under the core's lock; what reaches the host is the dispatcher's.
class WorkerTable {
 public:
  WorkerTable(std::size_t slots, Host& host) : host_(host), links_(slots) {}

  std::span<const std::unique_ptr<WorkerLink>> all() const noexcept BROOD_REQUIRES(core_lock) {
    return links_;
  }
  /// Null where no process is known in the slot.
  WorkerLink* find(WorkerId id) const noexcept BROOD_REQUIRES(core_lock) {
    return links_[id].get();
  }
  void admit(std::unique_ptr<WorkerLink> link) BROOD_REQUIRES(core_lock) {
    links_[link->id] = std::move(link);
  }
  void remove(WorkerLink& link) noexcept BROOD_REQUIRES(core_lock);

  // --- stopping ---
  /// SIGTERM, once, and SIGKILL when that has had its time; SIGKILL at once to one that has taken
  /// too much memory, or whose stream makes no sense.
  void stop(WorkerLink& link, Time now) noexcept BROOD_REQUIRES(core_lock);
  /// Its stream has ended: it has a moment to be seen dead, then it is stopped.
  void stream_ended(WorkerLink& link, Time now) noexcept BROOD_REQUIRES(core_lock);
  /// Stops what is to be stopped by now.
  void stop_overdue(Time now) BROOD_REQUIRES(core_lock);
  /// How a worker that has ended has ended; nothing while its parent may yet report it.
  std::optional<Death> death_of(WorkerLink& link, Time now) const BROOD_REQUIRES(core_lock);
  /// When stop_overdue or death_of is wanted at the latest.
  std::optional<Time> next_time() const BROOD_REQUIRES(core_lock);

  // --- what is wrong ---
  /// Takes note why what a worker has sent is of no use. `broken` says whether it lives.
  void note_fault(WorkerLink& link, const std::exception_ptr& error) noexcept
      BROOD_REQUIRES(core_lock);
  /// The scheduler stops the worker for this.
  void note_stop_reason(WorkerLink& link, StopReason why) noexcept BROOD_REQUIRES(core_lock);

  /// Whether an outbox has borrowed memory from the job. Threads: the dispatcher's.
  bool refers_to(JobId job) const BROOD_REQUIRES(core_lock);

 private:
  void note_silence(WorkerLink& link) noexcept BROOD_REQUIRES(core_lock);
  void kill_if_overdue(WorkerLink& link, Time now) BROOD_REQUIRES(core_lock);

  Host& host_;
  std::vector<std::unique_ptr<WorkerLink>> links_ BROOD_GUARDED_BY(core_lock);
};

/// Which links there are, for the dispatcher's thread. It needs no lock, and clang does not check
/// that: links come and go in that thread alone.
class LinksOfDispatcher {
 public:
  explicit LinksOfDispatcher(const WorkerTable& table) noexcept : table_(table) {}
  std::span<const std::unique_ptr<WorkerLink>> all() const noexcept
      BROOD_NO_THREAD_SAFETY_ANALYSIS {
    return table_.all();
  }
  WorkerLink* find(WorkerId id) const noexcept BROOD_NO_THREAD_SAFETY_ANALYSIS {
    return table_.find(id);
  }

 private:
  const WorkerTable& table_;
};

}  // namespace brood::pool

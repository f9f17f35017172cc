#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "pool/base/core_lock.hpp"
#include "pool/driver/worker_link.hpp"
#include "pool/driver/worker_processes.hpp"
#include "pool/scheduler/slot_set.hpp"
#include "pool/scheduler/types.hpp"

namespace brood::pool {

/// The workers of a pool by their slots: what is wrong with them, how they are stopped and seen to
/// end. Threads: under the core's lock; functions that signal or reap processes: the dispatcher's.
class WorkerTable {
 public:
  WorkerTable(std::size_t slots, WorkerProcesses& processes)
      : processes_(processes),
        links_(slots),
        touched_(slots),
        settled_(slots),
        unwritten_(slots),
        ending_(slots) {}

  std::span<const std::unique_ptr<WorkerLink>> all() const noexcept BROOD_REQUIRES(core_lock) {
    return links_;
  }
  /// Null where no process is known in the slot.
  WorkerLink* find(WorkerId id) const noexcept BROOD_REQUIRES(core_lock) {
    return links_[id].get();
  }
  void admit(std::unique_ptr<WorkerLink> link) BROOD_REQUIRES(core_lock);
  void remove(WorkerLink& link) noexcept BROOD_REQUIRES(core_lock);

  // --- what the end of a turn has to look at: README.md, "Touched links" ---
  /// Something may have come into its outbox, it may be borrowed or may not, is to be watched or
  /// not, or is its caller's no longer.
  void touch(const WorkerLink& link) noexcept BROOD_REQUIRES(core_lock) {
    touched_.insert(link.id);
    unwritten_.insert(link.id);
  }
  /// A turn ends: settled() are from now on those that have been touched since the last one.
  void settle() noexcept BROOD_REQUIRES(core_lock) {
    settled_.clear();
    std::swap(touched_, settled_);
  }
  const SlotSet& settled() const noexcept BROOD_REQUIRES(core_lock) { return settled_; }

  // --- stopping ---
  /// Links that are broken, stopped or ended, or have hung up, and perhaps others.
  const SlotSet& ending() const noexcept BROOD_REQUIRES(core_lock) { return ending_; }
  /// What it sends is not read any more; false if that is so already.
  bool note_broken(WorkerLink& link) noexcept BROOD_REQUIRES(core_lock);
  /// Its process has ended.
  void note_ended(WorkerLink& link) noexcept BROOD_REQUIRES(core_lock);
  /// SIGTERM, once, and SIGKILL when that
  /// has had its time; SIGKILL at once to one that has taken too much memory, or whose stream makes
  /// no sense.
  void stop(WorkerLink& link, Time now) noexcept BROOD_REQUIRES(core_lock);
  /// The same, but what runs and listens to its stop token is asked first, and has some time. What
  /// the worker has not begun has been taken back.
  void ask_and_stop(WorkerLink& link, Time now) noexcept BROOD_REQUIRES(core_lock);
  /// It has hung up: it has a moment to be seen dead, then it is stopped.
  void note_hang_up(WorkerLink& link, Time now) noexcept BROOD_REQUIRES(core_lock);
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
  bool refers_to(JobId job) BROOD_REQUIRES(core_lock);
  /// Those that have something in their outbox, and perhaps others; none that is borrowed.
  /// Threads: the dispatcher's.
  const SlotSet& unwritten() BROOD_REQUIRES(core_lock);

 private:
  static bool asked_to_stop(WorkerLink& link) noexcept BROOD_REQUIRES(core_lock);
  void blame_the_hang_up(WorkerLink& link) noexcept BROOD_REQUIRES(core_lock);
  void kill_if_overdue(WorkerLink& link, Time now) BROOD_REQUIRES(core_lock);

  WorkerProcesses& processes_;
  std::vector<std::unique_ptr<WorkerLink>> links_ BROOD_GUARDED_BY(core_lock);
  SlotSet touched_ BROOD_GUARDED_BY(core_lock);
  SlotSet settled_ BROOD_GUARDED_BY(core_lock);
  SlotSet unwritten_ BROOD_GUARDED_BY(core_lock);
  SlotSet ending_ BROOD_GUARDED_BY(core_lock);
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
  /// With the lock.
  const SlotSet& settled() const noexcept BROOD_REQUIRES(core_lock) { return table_.settled(); }

 private:
  const WorkerTable& table_;
};

}  // namespace brood::pool

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <brood/detail/bytes.hpp>
#include <brood/errors.hpp>
#include "pool/base/core_lock.hpp"
#include "pool/calls/log_queue.hpp"
#include "pool/channels/worker_channel.hpp"
#include "pool/failures/crash_report.hpp"
#include "pool/scheduler/types.hpp"
#include "protocol/owner_page.hpp"
#include "protocol/parent_side.hpp"

namespace brood::pool {

/// One worker as the driver knows it: what it has reported, what has been seen of it, and what
/// waits to be written to it. What holds its process derives from this (WorkerProcess).
class WorkerLink : public WorkerChannel {
 public:
  /// Of the ring for its tasks, `task_capacity` bytes are used.
  WorkerLink(WorkerId id, std::string name, std::uint64_t message_limit, Time since,
             std::size_t task_capacity = protocol::WorkerPage::buffer_size);

  // --- constant when the driver has it; any thread ---
  const WorkerId id;
  const std::string name;
  const Time since;  // when it was asked for
  const LogQueue::SourceRef logs;
  int pid = -1;
  bool sandboxed = false;
  // A revocation needs WorkerProcesses::order_workers_memory.
  bool relies_on_barrier = false;

  // --- of the thread that drives it, like the channel: README.md. It may hold the lock or not ---
  protocol::ParentSide stream;
  std::uint64_t skipped = 0;  // bytes that come next: the rest of a result that nothing waits for

  // --- changed under the core's lock, and read without it ---
  // By the thread that drives it, which may be a caller's: therefore atomic.
  std::atomic<bool> ended = false;  // its process has ended, or counts as ended
  std::atomic<bool> left = false;   // no signal ends it: it is let go as it is
  // What it writes makes no sense: it is read no more, and killed.
  std::atomic<bool> broken = false;
  // By the dispatcher's thread, which alone changes it: that has let go of its descriptors.
  bool borrowable = false;

  // --- what it reports ---
  protocol::PageWatch watch BROOD_GUARDED_BY(core_lock);  // over its claims
  // Of shared objects in the results that come next.
  std::vector<detail::DescriptorRef> attached BROOD_GUARDED_BY(core_lock);
  // Of them, those that this process had no room for.
  std::size_t attached_in_vain BROOD_GUARDED_BY(core_lock) = 0;
  bool greeted BROOD_GUARDED_BY(core_lock) = false;
  // This process had none for a result: give back what can be.
  bool short_of_memory BROOD_GUARDED_BY(core_lock) = false;
  LastLogLines log_lines BROOD_GUARDED_BY(core_lock);
  bool borrowed BROOD_GUARDED_BY(core_lock) = false;  // by a caller, which drives it

  // --- its end ---
  bool hung_up BROOD_GUARDED_BY(core_lock) = false;  // its end of the socket is closed
  Time must_end_by BROOD_GUARDED_BY(core_lock){};    // when it is stopped for that; zero: not
  // Until when its parent has time to report its status; zero: not ended.
  Time status_due BROOD_GUARDED_BY(core_lock){};
  // When what was asked to stop has had its time, and SIGTERM is due; zero: it was not asked.
  Time terminate_at BROOD_GUARDED_BY(core_lock){};
  Time kill_at BROOD_GUARDED_BY(core_lock){};  // when SIGTERM has had its time; zero: not stopped
  int kills BROOD_GUARDED_BY(core_lock) = 0;   // SIGKILLs that it has outlived so far
  bool killed BROOD_GUARDED_BY(core_lock) = false;  // SIGKILL has been sent
  // For the report of its death; empty: nothing is wrong with it.
  std::string stopped_because BROOD_GUARDED_BY(core_lock);
  // Why it is broken, if that is not its own fault.
  std::exception_ptr fault_of_ours BROOD_GUARDED_BY(core_lock);
  // Seen to have lost its main thread; zero: it has it.
  Time main_thread_ended_since BROOD_GUARDED_BY(core_lock){};
  // Bytes, of its resident memory; 0: never looked at.
  std::uint64_t peak_seen BROOD_GUARDED_BY(core_lock) = 0;
  // Bytes that it had when it was stopped for that; 0: it was not.
  std::uint64_t oversize BROOD_GUARDED_BY(core_lock) = 0;

  WorkerIdentity identity() const { return {name, pid}; }

  /// Puts those into the outbox that the worker has not got for this attachment group, the job
  /// itself or a part of it.
  void send_descriptors(JobId job, std::uint64_t attachment_group,
                        std::span<const detail::DescriptorRef> descriptors)
      BROOD_REQUIRES(core_lock);
  /// Has the worker drop what it got for parts of the job that are older than this group.
  void forget_attachment_groups(JobId job, std::uint64_t oldest) BROOD_REQUIRES(core_lock);
  /// Has it drop the job, and all that it got for it.
  void forget(JobId job) BROOD_REQUIRES(core_lock);

 private:
  struct Sent {
    JobId job = 0;
    std::set<detail::DescriptorRef> descriptors;
  };
  // By attachment group.
  std::map<std::uint64_t, Sent> sent_ BROOD_GUARDED_BY(core_lock);
};

}  // namespace brood::pool

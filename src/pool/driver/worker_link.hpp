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
#include "pool/calls/log_queue.hpp"
#include "pool/driver/worker_channel.hpp"
#include "pool/failures/crash_report.hpp"
#include "pool/scheduler/types.hpp"
#include "protocol/owner_page.hpp"
#include "protocol/parent_side.hpp"

namespace brood::pool {

/// One worker as the driver knows it: what has been told by it and about it, and what waits to be
/// written to it. What holds its process derives from this (WorkerProcess).
/// Threads: the channel and `stream` belong to the thread that drives the link (README.md); the
/// rest is guarded by the core's lock.
class WorkerLink : public WorkerChannel {
 public:
  /// Of the ring for its tasks, `task_capacity` bytes are used.
  WorkerLink(WorkerId id, std::string name, std::uint64_t message_limit, Time since,
             std::size_t task_capacity = protocol::WorkerPage::buffer_size);

  const WorkerId id;
  const std::string name;
  const Time since;  // when it was asked for
  int pid = -1;
  bool sandboxed = false;

  // --- what it says, what it is told ---
  protocol::ParentSide stream;
  std::uint64_t skipped = 0;  // bytes that come next: the rest of a result that nothing waits for
  protocol::PageWatch watch;  // over its claims
  std::vector<detail::DescriptorRef> attached;  // of shared objects in the results that come next
  std::size_t attached_in_vain = 0;             // of them, those that this process had no room for
  bool greeted = false;
  bool short_of_memory = false;  // this process had none for a result: give back what can be
  LastLogLines log_lines;
  const LogQueue::SourceRef logs;

  // --- the thread that drives it ---
  bool borrowed = false;    // by a caller, which drives it
  bool borrowable = false;  // the dispatcher has let go of its descriptors

  // --- its end ---
  bool silent = false;              // its stream has ended
  std::atomic<bool> ended = false;  // its process has ended, or counts as ended
  Time silent_until{};              // when it is stopped for that; zero: not
  Time told_by{};  // until when its parent has time to tell its status; zero: not ended
  Time kill_at{};  // when SIGTERM has had its time; zero: not stopped
  int kills = 0;   // SIGKILLs that it has outlived so far
  std::atomic<bool> left = false;  // no signal ends it: it is let go as it is
  // What it writes makes no sense: it is read no more, and killed.
  std::atomic<bool> broken = false;
  bool killed = false;               // SIGKILL has been sent
  std::string stopped_because;       // for the report of its death; empty: nothing is wrong with it
  std::exception_ptr fault_of_ours;  // why it is broken, if that is not its own fault
  Time headless_since{};             // seen to have lost its main thread; zero: it has it
  std::uint64_t peak_seen = 0;       // bytes, of its resident memory; 0: never looked at
  std::uint64_t oversize = 0;  // bytes that it had when it was stopped for that; 0: it was not

  WorkerIdentity identity() const { return {name, pid}; }

  /// Puts those into the outbox that the worker has not got for this group, the job itself or a
  /// part of it.
  void send_descriptors(JobId job, std::uint64_t group,
                        std::span<const detail::DescriptorRef> descriptors);
  /// Tells the worker to drop what it got for parts of the job that are older than this group.
  void forget_groups(JobId job, std::uint64_t oldest);
  /// Tells it to drop the job, and all that it got for it.
  void forget(JobId job);

 private:
  struct Sent {
    JobId job = 0;
    std::set<detail::DescriptorRef> descriptors;
  };
  std::map<std::uint64_t, Sent> sent_;  // by group
};

}  // namespace brood::pool

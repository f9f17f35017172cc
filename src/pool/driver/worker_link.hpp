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
#include "platform/descriptor_channel.hpp"
#include "pool/base/outbox.hpp"
#include "pool/calls/log_queue.hpp"
#include "pool/failures/crash_report.hpp"
#include "pool/scheduler/types.hpp"
#include "protocol/owner_page.hpp"
#include "protocol/page.hpp"
#include "protocol/parent_side.hpp"
#include "protocol/ring_reader.hpp"

namespace brood::pool {

/// One worker as the driver knows it: what has been told by it and about it, and what waits to be
/// written to it. What holds its process and its pipes derives from this (WorkerProcess).
/// Threads: `ring`, `stream` and `outbox` belong to the thread that drives the link (README.md);
/// the rest is guarded by the core's lock.
class WorkerLink {
 public:
  WorkerLink(WorkerId id, std::string name, std::uint64_t message_limit, Time since);
  virtual ~WorkerLink() = default;
  WorkerLink(const WorkerLink&) = delete;
  WorkerLink& operator=(const WorkerLink&) = delete;

  /// The next descriptors of shared objects that the worker has sent, without waiting.
  virtual platform::ReceivedDescriptors receive_descriptors() = 0;
  /// Bytes of the result stream that wait in the ring. Throws CodecError for a page that no worker
  /// of ours leaves.
  virtual std::size_t unread() = 0;
  /// Some of the ring has been read: wakes the worker if it sleeps for want of room.
  virtual void give_room() noexcept = 0;

  const WorkerId id;
  const std::string name;
  const Time since;  // when it was asked for
  int pid = -1;
  bool sandboxed = false;

  // --- what it says, what it is told ---
  protocol::RingReader ring;
  protocol::ParentSide stream;
  Outbox outbox;
  protocol::PageWatch watch;                    // over its claims
  std::vector<detail::DescriptorRef> attached;  // of shared objects in the results that come next
  std::size_t attached_in_vain = 0;             // of them, those that this process had no room for
  bool dirty = false;                           // the outbox has something new
  bool greeted = false;
  bool short_of_memory = false;  // this process had none for a result: give back what can be
  LastLogLines log_lines;
  const LogQueue::SourceRef logs;

  // --- the thread that drives it ---
  bool borrowed = false;    // by a caller, which drives it
  bool borrowable = false;  // the dispatcher has let go of its pipes
  bool blocked = false;     // its task pipe or its descriptor channel is full

  // --- its end ---
  bool silent = false;  // its stream has ended
  bool ended = false;   // its process has ended, or counts as ended
  Time silent_until{};  // when it is stopped for that; zero: not
  Time told_by{};       // until when its parent has time to tell its status; zero: not ended
  Time kill_at{};       // when SIGTERM has had its time; zero: not stopped
  int kills = 0;        // SIGKILLs that it has outlived so far
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
  /// The memory that it shares with the worker.
  protocol::WorkerPage& page() const noexcept { return *page_; }

  /// Puts those into the outbox that the worker has not got for this group, the job itself or a
  /// part of it.
  void send_descriptors(JobId job, std::uint64_t group,
                        std::span<const detail::DescriptorRef> descriptors);
  /// Tells the worker to drop what it got for parts of the job that are older than this group.
  void forget_groups(JobId job, std::uint64_t oldest);
  /// Tells it to drop the job, and all that it got for it.
  void forget(JobId job);

 protected:
  void set_page(void* memory) noexcept { page_ = static_cast<protocol::WorkerPage*>(memory); }

 private:
  struct Sent {
    JobId job = 0;
    std::set<detail::DescriptorRef> descriptors;
  };
  protocol::WorkerPage* page_ = nullptr;
  std::map<std::uint64_t, Sent> sent_;  // by group
};

}  // namespace brood::pool

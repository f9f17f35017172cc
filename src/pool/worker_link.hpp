#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <brood/detail/bytes.hpp>
#include <brood/errors.hpp>
#include "platform/descriptor.hpp"
#include "platform/escort.hpp"
#include "platform/mapping.hpp"
#include "platform/pipe.hpp"
#include "pool/crash.hpp"
#include "pool/log_queue.hpp"
#include "pool/scheduler/types.hpp"
#include "protocol/owner_page.hpp"
#include "protocol/page.hpp"
#include "protocol/parent_side.hpp"

namespace brood::pool {

/// What is to be written to a worker: bytes of its own, or bytes that somebody keeps alive.
class Outbox {
 public:
  /// Where small messages are appended.
  detail::Bytes& tail();
  /// Continues with `memory`, which `keeper` keeps valid; `job` owns it.
  void lend(std::span<const std::byte> memory, std::shared_ptr<const void> keeper, JobId job);
  /// Continues with descriptors of shared objects: they go over the escort, and what follows them
  /// here is not written before they have been sent.
  void carry(std::uint64_t group, std::span<const detail::DescriptorRef> descriptors);
  /// Copies what `job` has lent: its memory is about to go. False without memory for that: then all
  /// is forgotten, half sent as it may be.
  bool detach(JobId job) noexcept;
  bool refers_to(JobId job) const;
  bool empty() const noexcept {
    return parts_.empty() || (parts_.size() == 1 && parts_.front().view().empty());
  }
  enum class Stop : std::uint8_t { none, pipe_full, escort_full, crowded, failed };
  struct Written {
    Stop stop = Stop::none;  // why not all has been written
    int error = 0;
  };
  /// Drops what has not been written, and what it refers to.
  void clear() noexcept {
    parts_.clear();
    written_ = 0;
  }
  /// Writes as much as pipe and escort take.
  Written write_to(int pipe, platform::Escort& escort);

 private:
  struct Part {
    detail::Bytes own;
    std::span<const std::byte> lent;
    std::shared_ptr<const void> keeper;
    JobId job = 0;
    std::vector<detail::DescriptorRef> carried;  // to be sent before
    std::uint64_t group = 0;
    std::span<const std::byte> view() const noexcept { return keeper ? lent : own.view(); }
  };
  Stop send_carried(platform::Escort& escort);
  platform::Transfer write_parts(int pipe);
  void consume(std::size_t count);
  std::deque<Part> parts_;
  std::size_t written_ = 0;  // of the front part
};

/// One worker as its owner holds it.
/// Threads: process and page as given; stream and outbox belong to whoever drives the link
/// (README.md); the rest under the core's lock.
class WorkerLink {
 public:
  WorkerLink(WorkerId id, std::string name, std::uint64_t message_limit);

  const WorkerId id;
  const std::string name;
  pid_t pid = -1;
  platform::Descriptor pidfd, tasks, tasks_read_end, results;

  protocol::ParentSide stream;
  Outbox outbox;
  bool lent = false;   // to a caller, who drives it
  bool dirty = false;  // the outbox has something new
  bool greeted = false;
  const std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point
      kill_at{};  // when SIGTERM has had its time; zero: not stopped

  int kills = 0;                   // SIGKILLs that it has outlived so far
  std::atomic<bool> left = false;  // no signal ends it: it is let go as it is
  bool broken = false;          // nobody understands what it writes: it is read no more, and killed
  bool killed = false;          // SIGKILL has been sent
  std::string stopped_because;  // for the report of its death; empty: nothing is wrong with it
  bool short_of_memory = false;      // this process had none for a result: give back what can be
  std::exception_ptr fault_of_ours;  // why it is broken, if that is not its own fault
  LastLogLines log_lines;
  const LogQueue::SourceRef logs;
  bool sandboxed = false;
  std::chrono::steady_clock::time_point
      headless_since{};         // seen to have lost its main thread; zero: it has it
  std::uint64_t peak_seen = 0;  // bytes, of its resident memory; 0: nobody has looked
  platform::Escort escort;
  std::vector<detail::DescriptorRef> carried;  // of shared objects in the results that come next
  std::size_t carried_in_vain = 0;             // of them, those that this process had no room for
  std::uint64_t oversize = 0;  // bytes that it had when it was stopped for that; 0: it was not
  std::optional<std::uint64_t> oom_kills;  // platform::oom_kills() before its start

  WorkerIdentity identity() const { return {name, pid}; }
  /// The memory that it shares with the worker.
  platform::SharedMapping mapping;
  protocol::WorkerPage& page() const noexcept {
    return *static_cast<protocol::WorkerPage*>(mapping.data());
  }

  protocol::PageWatch watch;  // over the page
  /// Puts those into the outbox that the worker has not got for this group, the job itself or a
  /// part of it.
  void send_descriptors(JobId job, std::uint64_t group,
                        std::span<const detail::DescriptorRef> descriptors);
  /// Tells the worker to drop what it got for parts of the job that are older than this group.
  void forget_groups(JobId job, std::uint64_t oldest);
  /// Tells it to drop the job, and all that it got for it.
  void forget(JobId job);
  /// Reads once from the result pipe into the stream's buffer. Throws CodecError where descriptors
  /// came.
  platform::Transfer read_once();

 private:
  const std::byte* advised_ = nullptr;  // end of the buffer that has large pages
  struct Sent {
    JobId job = 0;
    std::set<detail::DescriptorRef> descriptors;
  };
  std::map<std::uint64_t, Sent> sent_;  // by group
};

}  // namespace brood::pool

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "platform/descriptor.hpp"
#include "platform/descriptor_channel.hpp"
#include "platform/mapping.hpp"
#include "platform/pipe.hpp"
#include "platform/spin_budget.hpp"
#include "pool/driver/worker_link.hpp"

namespace brood::pool {

/// A worker's process, its pipes and its page: what a link is in a real pool.
/// Threads: as given, but for the channel, which belongs to the thread that drives the link.
class WorkerProcess final : public WorkerLink {
 public:
  using WorkerLink::WorkerLink;

  platform::ReceivedDescriptors receive_descriptors() override {
    return platform::receive_descriptors(descriptor_channel.number());
  }
  std::size_t unread() override { return ring.unread(page()); }
  void give_room() noexcept override;

  /// Reads, without waiting, the wake-ups that the worker has sent. Throws CodecError for anything
  /// else.
  platform::Transfer take_wake_ups();
  /// Asks the worker to send one when it tells something. False: it has told something already.
  bool ask_for_wake_up() noexcept;
  /// Sleeps until the worker has told something, wake_caller() or the deadline; may wake for no
  /// reason. Threads: the caller's that has borrowed it.
  void sleep_until_told(std::chrono::steady_clock::time_point deadline) noexcept;
  /// Wakes the caller that has borrowed it. Threads: any.
  void wake_caller() noexcept;

  enum class Stop : std::uint8_t { none, pipe_full, channel_full, crowded, failed };
  struct Written {
    Stop stop = Stop::none;  // why not all has been written
    int error = 0;
  };
  /// Writes as much of the outbox as pipe and descriptor channel take.
  Written write();

  /// Makes the page, as memory that a worker can be given. Throws SystemError.
  void make_page();

  platform::Descriptor pidfd, tasks, tasks_read_end, results;
  platform::DescriptorChannel descriptor_channel;
  platform::SharedMapping mapping;         // of the page
  platform::SpinBudget spin;               // of a caller that waits for its answer
  std::optional<std::uint64_t> oom_kills;  // platform::oom_kills() before its start

 private:
  Stop send_attachments();
  platform::Transfer write_parts();

  std::size_t wake_ups_due_ = 0;
};

/// What a link of a real pool is.
inline WorkerProcess& process_of(WorkerLink& link) noexcept {
  return static_cast<WorkerProcess&>(link);
}

}  // namespace brood::pool

#pragma once

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
  std::size_t unread() noexcept override { return platform::bytes_in(results.get()); }
  std::size_t read_once() override { return receive().count; }

  /// Reads once from the result pipe into the stream's buffer. Throws CodecError where descriptors
  /// came.
  platform::Transfer receive();

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

  const std::byte* advised_ = nullptr;  // end of the buffer that has large pages
};

/// What a link of a real pool is.
inline WorkerProcess& process_of(WorkerLink& link) noexcept {
  return static_cast<WorkerProcess&>(link);
}

}  // namespace brood::pool

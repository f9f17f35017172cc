#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "platform/descriptor.hpp"
#include "platform/mapping.hpp"
#include "platform/spin_budget.hpp"
#include "pool/driver/worker_link.hpp"
#include "pool/output/worker_output.hpp"
#include "transfer/descriptor_channel.hpp"

namespace brood::pool {

/// A worker's process, its sockets and its page: what a link is in a real pool.
/// Threads: as given, but for the channel, which belongs to the thread that drives the link.
class WorkerProcess final : public WorkerLink {
 public:
  using WorkerLink::WorkerLink;

  transfer::ReceivedDescriptors receive_descriptors() override {
    return transfer::receive_descriptors(descriptor_channel.number());
  }

  bool receive_wake_ups() override;

  /// Puts the sockets for what its elements write into the outbox. Throws SystemError.
  void make_output();
  /// Makes the page, as memory that a worker can be given. Throws SystemError.
  void make_page();

  platform::Descriptor pidfd, wake_ups;
  transfer::DescriptorChannel descriptor_channel;
  platform::SharedMapping mapping;         // of the page
  platform::SpinBudget spin;               // of a caller that waits for its answer
  std::optional<std::uint64_t> oom_kills;  // platform::oom_kills() before its start
  // What its elements write; null: nothing has asked for that. Under the core's lock.
  std::shared_ptr<WorkerOutput> output;

 private:
  void wake_worker() noexcept override;
  void wake_for_stop() noexcept override;
  void wake_owner() noexcept override;
  platform::SendState send_now(std::uint64_t attachment_group,
                               std::span<const detail::DescriptorRef>& unsent) override;
};

/// What a link of a real pool is.
inline WorkerProcess& process_of(WorkerLink& link) noexcept {
  return static_cast<WorkerProcess&>(link);
}

}  // namespace brood::pool

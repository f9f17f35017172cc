#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "call.hpp"
#include "judged_scheduler.hpp"
#include "pool/driver/worker_link.hpp"
#include "process.hpp"

namespace brood::simulation {

/// The owner's end of one worker, as pool::WorkerProcess is: the channel is real, and this is what
/// the system does for it.
class Link final : public pool::WorkerLink {
 public:
  /// `elsewhere` lets other processes run.
  Link(Environment& environment, JudgedScheduler& scheduler, std::unique_ptr<Process> its_process,
       std::function<void()> elsewhere);

  transfer::ReceivedDescriptors receive_descriptors() override;
  /// Whether something has come through the socket, or its end.
  bool has_told() const noexcept { return !process->reports.empty() || !process->alive(); }
  /// Whether the dispatcher has been kept from writing by the descriptor channel.
  bool waits_for_channel() const noexcept {
    return stopped_by == Stop::channel_full || stopped_by == Stop::crowded;
  }
  /// As pool::WorkerProcess has them.
  bool receive_wake_ups();
  void wake_caller() noexcept;
  /// Writes as write() does, and perhaps not all at once, or with an error.
  Stop send();
  /// The worker goes on, and nothing else.
  void let_it_run();
  /// Bytes that are missing in the ring to the age of an old worker.
  std::size_t youth() const noexcept;

  const std::unique_ptr<Process> process;
  std::optional<Time> dies_at;  // of a signal; nothing: none has come that ends it
  std::shared_ptr<Call> borrowed_for;

  bool watched = false;          // by the dispatcher, which reads where a wake-up has come
  Stop stopped_by = Stop::none;  // why the dispatcher has not written all
  bool sleeps = false;           // the caller that has borrowed it, until a wake-up comes

 private:
  void wake_worker() noexcept override;
  platform::SendState send_now(std::uint64_t group,
                               std::span<const detail::DescriptorRef>& unsent) override;
  void spoil_before();
  void spoil_behind(Stop stop);
  void show_in_parts(std::uint64_t before);
  void let_it_see(std::uint64_t head);

  Environment& environment_;
  JudgedScheduler& scheduler_;
  std::function<void()> elsewhere_;
};

}  // namespace brood::simulation

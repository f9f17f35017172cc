#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "call.hpp"
#include "judged_scheduler.hpp"
#include "pool/driver/worker_link.hpp"
#include "pool/driver/worker_processes.hpp"
#include "process.hpp"

namespace brood::simulation {

/// The owner's end of one worker, as pool::WorkerProcess is: the channel is real, and this is what
/// the system does for it, and what either may get wrong.
class Link final : public pool::WorkerLink {
 public:
  /// `elsewhere` lets other processes run.
  Link(Environment& environment, JudgedScheduler& scheduler, std::unique_ptr<Process> its_process,
       std::function<void()> elsewhere);

  transfer::ReceivedDescriptors receive_descriptors() override;
  /// Whether something has come through the socket, or its end.
  bool has_told() const noexcept { return !process->reports.empty() || has_hung_up(); }
  bool has_hung_up() const noexcept { return !process->alive() || process->has_hung_up(); }
  bool receive_wake_ups() override;
  /// Perhaps not all at once, or with an error.
  Stop write() override;
  bool ask_for_wake_up(protocol::WakeUp how) noexcept override;
  /// The worker goes on, and nothing else.
  void let_it_run();
  /// Whether the last write has found the ring full.
  bool was_full() const noexcept { return was_full_; }
  /// Bytes that are missing in the ring to the age of an old worker.
  std::size_t youth() const noexcept;

  const std::unique_ptr<Process> process;
  std::optional<Time> dies_at;                // of a signal; nothing: none has come that ends it
  std::optional<pool::SignalResult> signals;  // what becomes of them, once there was one

  // What the dispatcher's loop waits for.
  bool watched = false;         // its socket
  bool waits_for_room = false;  // in its descriptor channel
  bool saw_hang_up = false;

 private:
  void wake_worker() noexcept override;
  void wake_for_stop() noexcept override;
  void wake_owner() noexcept override { process->caller_is_woken = true; }
  platform::SendState send_now(std::uint64_t group,
                               std::span<const detail::DescriptorRef>& unsent) override;
  void spoil_before();
  void spoil_behind(Stop stop);
  void show_in_parts(std::uint64_t before);
  void let_it_see(std::uint64_t head);
  void elsewhere() noexcept;

  Environment& environment_;
  JudgedScheduler& scheduler_;
  std::function<void()> elsewhere_;
  bool was_full_ = false;  // the ring, at the last write
};

}  // namespace brood::simulation

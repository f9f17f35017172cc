#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "call.hpp"
#include "judged_scheduler.hpp"
#include "pool/driver/worker_link.hpp"
#include "process.hpp"

namespace brood::simulation {

/// The owner's end of one worker, as pool::WorkerProcess is.
struct Link final : pool::WorkerLink {
  Link(JudgedScheduler& scheduler, std::unique_ptr<Process> its_process, Time now);
  platform::ReceivedDescriptors receive_descriptors() override;
  std::size_t unread() override;
  void give_room() noexcept override;
  /// As pool::WorkerProcess has them.
  void take_wake_ups();
  /// Asks for a wake-up. False: there is something to read.
  bool may_sleep(protocol::WakeUp how) noexcept;

  JudgedScheduler& scheduler;
  std::unique_ptr<Process> process;
  std::optional<Time> dies_at;  // of a signal; nothing: none has come that ends it
  std::shared_ptr<Call> borrowed_for;
  /// Whether a wake-up waits, or what is none.
  bool has_told() const noexcept { return process->wake_ups != 0 || process->garbage; }

  bool watched = false;  // by the dispatcher, which reads where a wake-up has come
  bool sleeps = false;   // the caller that has borrowed it, until a wake-up comes
  std::size_t due = 0;   // wake-ups that have been asked for
};

}  // namespace brood::simulation

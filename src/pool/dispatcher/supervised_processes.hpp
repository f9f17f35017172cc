#pragma once

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include "pool/dispatcher/starts.hpp"
#include "pool/dispatcher/supervisor.hpp"
#include "pool/dispatcher/worker_sockets.hpp"
#include "pool/driver/worker_processes.hpp"
#include "pool/output/output_reader.hpp"
#include "pool/state/pool_state.hpp"

namespace brood::pool {

/// The processes of a real pool: started, signalled and reaped by the supervisor.
/// Threads: as WorkerProcesses says.
class SupervisedProcesses final : public WorkerProcesses, private StartEvents {
 public:
  SupervisedProcesses(PoolState& state, Supervisor& supervisor, Callbacks& callbacks,
                      WorkerSockets& sockets, boost::asio::io_context& io)
      : state_(state),
        supervisor_(supervisor),
        callbacks_(callbacks),
        sockets_(sockets),
        starts_(supervisor, *this, io),
        outputs_([&state] { return state.has_lost_descriptors(); }) {}

  /// What the driver has asked for, and nothing has answered yet.
  Starts& starts() noexcept { return starts_; }
  /// Kills all workers and waits for their ends: no call can end well any more. Threads: the
  /// dispatcher's, without the lock.
  void end_all_workers() noexcept;
  /// Prints what workers have left of lines. Once they are gone.
  void finish_output() noexcept { outputs_.finish(); }

 private:
  // --- WorkerProcesses ---
  void start(WorkerId id) override BROOD_REQUIRES(core_lock) { starts_.ask(id); }
  void abandon_start(WorkerId id) override BROOD_REQUIRES(core_lock) { starts_.abandon(id); }
  void abandon_starts() override BROOD_REQUIRES(core_lock) { starts_.abandon_all(); }
  SignalResult signal(WorkerLink& link, StopSignal signal) noexcept override;
  std::optional<Death> status(WorkerLink& link) noexcept override BROOD_REQUIRES(core_lock) {
    return starts_.ended(process_of(link));
  }
  void release(WorkerLink& link) noexcept override;
  bool order_workers_memory() noexcept override;
  void log_error(const std::string& text) noexcept override { callbacks_.log_error(text); }
  void log(const WorkerLink& link, const protocol::LogRecord& record) noexcept override {
    callbacks_.log(link.logs, record);
  }
  bool expect_output(WorkerLink& link, std::uint64_t sequence,
                     const detail::CallTerms& terms) noexcept override;
  detail::ElementOutput take_output(const WorkerLink& link,
                                    std::uint64_t sequence) noexcept override;
  detail::ElementOutput last_output(const WorkerLink& link,
                                    std::uint64_t sequence) noexcept override;
  bool table_is_full() noexcept override;
  std::size_t descriptor_limit() noexcept override;
  // --- StartEvents ---
  void on_started(std::unique_ptr<WorkerProcess> worker) override BROOD_REQUIRES(core_lock);
  void on_start_failed(WorkerId id, std::exception_ptr why, StartFailure kind) override
      BROOD_REQUIRES(core_lock);

  PoolState& state_;
  Supervisor& supervisor_;
  Callbacks& callbacks_;
  WorkerSockets& sockets_;
  Starts starts_;
  OutputReader outputs_;
};

}  // namespace brood::pool

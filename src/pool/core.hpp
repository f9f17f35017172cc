#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

#include <brood/detail/pool/job.hpp>
#include <brood/options.hpp>
#include <brood/pool.hpp>
#include "pool/caller_access.hpp"
#include "pool/calls/call_state.hpp"
#include "pool/calls/callbacks.hpp"
#include "pool/calls/pool_for_calls.hpp"
#include "pool/dispatcher/dispatcher.hpp"
#include "pool/dispatcher/supervisor.hpp"
#include "pool/state/pool_state.hpp"
#include "pool/trace_output.hpp"

namespace brood::pool {

/// A pool without its types: the ways in for callers' threads, and what they lead to.
/// Threads: any.
class Core final : public detail::PoolCore, public PoolForCalls {
 public:
  /// Starts the processes; the options have been checked. Throws as Pool's constructor does.
  static std::shared_ptr<Core> create(const PoolOptions& options);
  ~Core();

  detail::JobHandle submit(detail::JobSpec&& spec) override;
  detail::JobHandle call(detail::JobSpec&& spec, detail::ArrivingResult* arriving) override;
  bool cancel(AwaitedCall& call, Kill kill) override;
  void note_reader(CallState& stream) override;
  void extend(CallState& stream, detail::Elements more, detail::Input input) override;
  void close();
  void terminate();
  /// False when the deadline came first. Throws UsageError before close or terminate.
  bool join(const detail::Deadline& deadline);
  std::vector<WorkerInfo> workers();
  Statistics statistics();
  /// Once: writes what has been recorded, where that is wanted.
  void write_trace() noexcept;
  /// Throws UsageError in a process forked from the pool's.
  void check_process() const;
  bool in_owner() const noexcept override;

  Callbacks& callbacks() noexcept override { return callbacks_; }
  const ErrorHandler& unobserved_error() const noexcept override { return unobserved_error_; }
  void look_for_loss() noexcept override {
    if (state_.has_lost_descriptors()) state_.lose_descriptors();
  }

 private:
  explicit Core(const PoolOptions& options);
  void check_call(const detail::JobSpec& spec) const;
  bool join_until_next_look(const detail::Deadline& deadline);
  void start_first_workers();
  std::vector<WorkerInfo> known_workers();

  const unsigned generation_;  // see platform::fork_generation
  const ErrorHandler unobserved_error_;
  const Time made_;
  const std::optional<TraceOutput> trace_;
  Supervisor supervisor_;  // refuses to be made where no processes may be started
  Callbacks callbacks_;
  Dispatcher dispatcher_;  // its thread has ended before the state does
  PoolState state_;
  CallerAccess access_{state_, dispatcher_};
  std::atomic<bool> trace_is_written_{false};
};

}  // namespace brood::pool

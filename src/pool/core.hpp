#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

#include <brood/detail/pool/job.hpp>
#include <brood/options.hpp>
#include <brood/pool.hpp>
#include "base/mutex.hpp"
#include "pool/caller_access.hpp"
#include "pool/calls/call_state.hpp"
#include "pool/calls/callbacks.hpp"
#include "pool/calls/pool_for_calls.hpp"
#include "pool/dispatcher/dispatcher.hpp"
#include "pool/failed_elements.hpp"
#include "pool/state/pool_state.hpp"
#include "pool/trace_output.hpp"

namespace brood::pool {

/// A pool without its types: the ways in for callers' threads, and what they lead to.
/// Threads: any.
class Core final : public detail::PoolCore, public PoolForCalls {
 public:
  /// Starts the processes; the options have been checked. Throws as Pool's constructor does.
  static std::shared_ptr<Core> create(const PoolOptions& options);
  enum class Nesting : bool {
    outermost,
    /// For calls that elements of a pool of start method "inline" give to that pool.
    in_an_element,
  };
  ~Core();

  detail::JobHandle submit(detail::JobSpec&& spec) override;
  detail::JobHandle call(detail::JobSpec&& spec, detail::ArrivingResult* arriving) override;
  void let_begin(detail::Job& job) override {
    if (dispatcher_->runs_in_callers()) job.wait({});
  }
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
  bool runs_in_callers() const noexcept override { return dispatcher_->runs_in_callers(); }
  bool run_some() override { return dispatcher_->run_some(); }

 private:
  using Keeper = std::shared_ptr<FailedElements>;
  static std::shared_ptr<Core> create(const PoolOptions& options, Nesting nesting,
                                      const Keeper& keeper);
  Core(const PoolOptions& options, Nesting nesting, const Keeper& keeper);
  std::shared_ptr<Core> nested();
  std::shared_ptr<Core> take_nested();
  void check_call(const detail::JobSpec& spec) const;
  bool join_until_next_look(const detail::Deadline& deadline);
  std::vector<WorkerInfo> known_workers();

  const unsigned generation_;  // see platform::fork_generation
  const ErrorHandler unobserved_error_;
  const Time made_;
  const std::optional<TraceOutput> trace_;
  Callbacks callbacks_;
  const Keeper failed_elements_;                  // null: none are kept
  const std::unique_ptr<Dispatcher> dispatcher_;  // its thread has ended before the state does
  PoolState state_;
  CallerAccess access_{state_, *dispatcher_};
  base::Mutex nested_mutex_;
  std::shared_ptr<Core> nested_ BROOD_GUARDED_BY(nested_mutex_);  // null: none was needed
  base::Mutex trace_mutex_;  // the end of the program waits for a trace that is being written
  bool trace_is_written_ BROOD_GUARDED_BY(trace_mutex_) = false;
};

}  // namespace brood::pool

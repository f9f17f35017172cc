#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <brood/options.hpp>
#include "base/identity.hpp"
#include "pool/base/core_lock.hpp"
#include "pool/dispatcher/dispatcher.hpp"
#include "pool/driver/worker_processes.hpp"
#include "pool/inline/inline_link.hpp"
#include "pool/state/pool_state.hpp"

namespace brood::pool {

/// The options of a pool whose elements run in this process: without what only a process can have.
/// Throws UsageError for a sandbox that the program has asked for together with "inline".
PoolOptions inline_options(const PoolOptions& options);

/// Start method "inline": the driver of every pool, and one worker, which is the thread of a caller
/// while that waits. No thread of its own; one thread at a time runs elements ("holds the lane").
/// README.md, "Inline". Threads: any, unless said otherwise.
class InlineDispatcher final : public Dispatcher,
                               private WorkerProcesses,
                               private worker::InlineOwner {
 public:
  using Place = worker::InlineWorker::Place;
  InlineDispatcher(const PoolOptions& options, PoolState& state, Callbacks& callbacks, Place place);

  std::string method_name() const override { return "inline"; }
  const detail::SandboxTerms& sandbox() const noexcept override { return sandbox_; }
  std::uint64_t message_limit() const noexcept override { return message_limit_; }
  WorkerProcesses& processes() noexcept override { return *this; }
  void begin() override;
  void finish() noexcept override {}
  bool wake() noexcept override { return true; }
  bool join(std::chrono::steady_clock::time_point deadline) override;
  void let_go() override {}
  bool runs_in_callers() const noexcept override { return true; }
  bool is_running_here() const noexcept override {
    return holder_.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }
  bool run_some() override;
  void cut_off() noexcept override BROOD_REQUIRES(core_lock) {
    if (link_ != nullptr) signal(*link_, StopSignal::terminate);
  }

 private:
  class Lane;
  bool round() noexcept;
  bool do_round();
  bool turn() BROOD_EXCLUDES(core_lock);
  bool start_asked() BROOD_REQUIRES(core_lock);
  bool serve(InlineLink& link) BROOD_EXCLUDES(core_lock);
  bool is_cut_off(const InlineLink& link) BROOD_EXCLUDES(core_lock);
  std::unique_ptr<InlineLink> make_link(WorkerId id);
  protocol::WorkerSetup setup_for(base::Identity worker) const;
  void take_results_of(InlineLink& link) BROOD_EXCLUDES(core_lock);

  // --- WorkerProcesses ---
  void start(WorkerId id) override BROOD_REQUIRES(core_lock) { asked_ = id; }
  void abandon_start(WorkerId id) override BROOD_REQUIRES(core_lock);
  void abandon_starts() override BROOD_REQUIRES(core_lock) { abandon_start(0); }
  SignalResult signal(WorkerLink& link, StopSignal signal) noexcept override
      BROOD_REQUIRES(core_lock);
  std::optional<Death> status(WorkerLink& link) noexcept override BROOD_REQUIRES(core_lock);
  void release(WorkerLink&) noexcept override BROOD_REQUIRES(core_lock) { link_ = nullptr; }
  bool order_workers_memory() noexcept override { return true; }
  void log_error(const std::string& text) noexcept override;
  void log(const WorkerLink&, const protocol::LogRecord&) noexcept override {}
  bool table_is_full() noexcept override { return false; }
  std::size_t descriptor_limit() noexcept override;
  // --- InlineOwner: in the thread that holds the lane ---
  void bring_tasks() override;
  void take_results() override;
  void take_descriptor(const detail::DescriptorRef& descriptor) override;

  const PoolOptions options_;
  const detail::SandboxTerms sandbox_{};  // none
  const std::uint64_t message_limit_;
  const Place place_;
  PoolState& state_;
  Callbacks& callbacks_;
  std::optional<WorkerId> asked_ BROOD_GUARDED_BY(core_lock);
  // Changed by the thread that holds the lane, under the core's lock: it reads it without that.
  InlineLink* link_ = nullptr;
  bool over_ = false;  // no worker is left, and none will come; of the thread that holds the lane
  std::mutex lane_;
  std::atomic<std::thread::id> holder_{};
};

}  // namespace brood::pool

#pragma once

#include <memory>
#include <string>

#include <brood/options.hpp>
#include "pool/dispatcher/dispatcher.hpp"
#include "pool/dispatcher/supervisor.hpp"

namespace brood::pool {

class Callbacks;
class PoolState;

/// The thread that owns a pool's worker processes: it waits for them, reads, writes, starts and
/// stops.
class ProcessDispatcher final : public Dispatcher {
 public:
  /// Without its thread yet, and without a look at `state`, which may be made later. Throws as
  /// Supervisor does.
  ProcessDispatcher(const PoolOptions& options, PoolState& state, Callbacks& callbacks);
  /// Waits for the thread, which must have a reason to end.
  ~ProcessDispatcher() override;

  std::string method_name() const override { return supervisor_.method_name(); }
  const detail::SandboxTerms& sandbox() const noexcept override { return supervisor_.sandbox(); }
  std::uint64_t message_limit() const noexcept override { return supervisor_.message_limit(); }
  WorkerProcesses& processes() noexcept override;
  void begin() override;
  void finish() noexcept override;
  bool wake() noexcept override;
  bool join(std::chrono::steady_clock::time_point deadline) override;
  void let_go() override;

 private:
  class Loop;
  void start_first_workers();

  Supervisor supervisor_;  // refuses to be made where no processes may be started
  PoolState& state_;
  std::unique_ptr<Loop> loop_;
};

}  // namespace brood::pool

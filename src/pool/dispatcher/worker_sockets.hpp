#pragma once

#include <boost/asio/io_context.hpp>

#include <memory>
#include <vector>

#include "pool/channels/channel_reactor.hpp"
#include "pool/dispatcher/hang_ups.hpp"
#include "pool/dispatcher/link_io.hpp"
#include "pool/dispatcher/worker_process.hpp"
#include "pool/state/pool_state.hpp"

namespace brood::pool {

/// The descriptors of workers, watched by Asio: tells the reactor what comes.
/// Threads: the dispatcher's, which also runs `io`.
class WorkerSockets final : private SocketWatch {
 public:
  WorkerSockets(PoolState& state, boost::asio::io_context& io) : state_(state), io_(io) {}
  WorkerSockets(const WorkerSockets&) = delete;
  WorkerSockets& operator=(const WorkerSockets&) = delete;

  /// Watches the workers that the driver has already. Once, before its thread runs.
  void open_all();
  /// Watches a worker's wake-ups, and its end.
  void open(WorkerProcess& worker);
  /// Watches nothing of it any more.
  void close(WorkerId worker) noexcept { ios_[worker].reset(); }
  ChannelReactor& reactor() noexcept { return reactor_; }

 private:
  void on_hang_up(WorkerId id, pid_t pid) BROOD_EXCLUDES(core_lock);

  // --- SocketWatch ---
  void watch(WorkerLink& link) override;
  void unwatch(WorkerLink& link) override;
  void wait_for_room(WorkerLink& link, WorkerChannel::Stop full) override;

  PoolState& state_;
  boost::asio::io_context& io_;
  std::vector<std::unique_ptr<LinkIo>> ios_;  // by worker
  ChannelReactor reactor_{*this, state_};
  HangUps hang_ups_{io_, [this] { return state_.has_lost_descriptors(); },
                    [this](WorkerId id, pid_t pid) { on_hang_up(id, pid); }};
};

}  // namespace brood::pool

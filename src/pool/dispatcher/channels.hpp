#pragma once

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <vector>

#include "pool/dispatcher/hang_ups.hpp"
#include "pool/dispatcher/link_io.hpp"
#include "pool/dispatcher/worker_process.hpp"
#include "pool/driver/channel_reactor.hpp"
#include "pool/state/pool_state.hpp"

namespace brood::pool {

/// The dispatcher's end of what goes between this process and its workers: watches their
/// descriptors by Asio, and tells reactor and driver what comes.
/// Threads: the dispatcher's, which also runs `io`.
class Channels final : private ReactorHost {
 public:
  Channels(PoolState& state, boost::asio::io_context& io) : state_(state), io_(io) {}
  Channels(const Channels&) = delete;
  Channels& operator=(const Channels&) = delete;

  /// Watches the workers that the driver has already. Once, before its thread runs.
  void open_all();
  /// Watches a worker's wake-ups, and its end.
  void open(WorkerProcess& worker);
  /// Watches nothing of it any more.
  void close(WorkerId worker) noexcept { ios_[worker].reset(); }
  ChannelReactor& reactor() noexcept { return reactor_; }

 private:
  void on_ended(WorkerId id) BROOD_EXCLUDES(core_lock);
  void on_hang_up(WorkerId id, pid_t pid) BROOD_EXCLUDES(core_lock);

  // --- ReactorHost ---
  LinksOfDispatcher workers() const noexcept override { return state_.workers(); }
  void watch(WorkerLink& link) override;
  void unwatch(WorkerLink& link) override;
  void wait_for_room(WorkerLink& link, WorkerChannel::Stop full) override;
  bool is_terminated() const noexcept override { return state_.ended(); }
  bool has_lost_descriptors() const noexcept override { return state_.has_lost_descriptors(); }
  std::size_t read(WorkerLink& link) override BROOD_EXCLUDES(core_lock);
  void unreadable(WorkerLink& link, const std::exception_ptr& error) override
      BROOD_EXCLUDES(core_lock);
  void stream_ended(WorkerLink& link) override BROOD_EXCLUDES(core_lock);

  PoolState& state_;
  boost::asio::io_context& io_;
  std::vector<std::unique_ptr<LinkIo>> ios_;  // by worker
  ChannelReactor reactor_{*this};
  HangUps hang_ups_{io_, [this] { return state_.has_lost_descriptors(); },
                    [this](WorkerId id, pid_t pid) { on_hang_up(id, pid); }};
};

}  // namespace brood::pool

#pragma once

#include <boost/asio/io_context.hpp>

#include <exception>
#include <memory>
#include <vector>

#include "pool/dispatcher/link_io.hpp"
#include "pool/dispatcher/worker_process.hpp"
#include "pool/state/pool_state.hpp"

namespace brood::pool {

/// The dispatcher's end of what goes between this process and its workers: it waits for wake-ups,
/// has rings read and outboxes written, and sees the ends of processes. What comes is told to the
/// driver.
/// Threads: the dispatcher's, which also runs `io`.
class Channels {
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

  /// After the driver's turn: lets go of the sockets of workers that callers may borrow, watches
  /// those of others, and takes note of what is to be written and read.
  void end_turn() BROOD_REQUIRES(core_lock);
  /// Writes and reads what end_turn() has found. False when the driver has been told something
  /// meanwhile, and wants another turn.
  bool flush() BROOD_EXCLUDES(core_lock);

 private:
  void watch_wake_ups(WorkerProcess& worker);
  void watch_and_ask(WorkerProcess& worker);
  void on_wake_up(WorkerId id) BROOD_EXCLUDES(core_lock);
  bool receive_wake_ups(WorkerProcess& worker) BROOD_EXCLUDES(core_lock);
  void read_results(WorkerProcess& worker) BROOD_EXCLUDES(core_lock);
  bool read_what_is_there(WorkerProcess& worker) BROOD_EXCLUDES(core_lock);
  void on_ended(WorkerId id) BROOD_EXCLUDES(core_lock);
  bool flush(WorkerProcess& worker) BROOD_EXCLUDES(core_lock);
  WorkerProcess::Stop write(WorkerProcess& worker) BROOD_EXCLUDES(core_lock);
  void go_on(WorkerId id) BROOD_EXCLUDES(core_lock);
  void unreadable(WorkerProcess& worker, const std::exception_ptr& error) BROOD_EXCLUDES(core_lock);

  PoolState& state_;
  boost::asio::io_context& io_;
  std::vector<std::unique_ptr<LinkIo>> ios_;  // by worker
  std::vector<WorkerProcess*> unwritten_;     // have something in their outbox
  std::vector<WorkerId> unread_;              // have news that no wake-up comes for
};

}  // namespace brood::pool

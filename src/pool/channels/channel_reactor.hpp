#pragma once

#include <vector>

#include "pool/base/core_lock.hpp"
#include "pool/channels/locked_driver.hpp"
#include "pool/driver/worker_link.hpp"

namespace brood::pool {

/// The sockets of workers as the dispatcher's thread waits for them: by Asio, or in a world of the
/// simulation. No function waits. Threads: the dispatcher's.
class SocketWatch {
 public:
  /// Has on_wake_up() called, once, when something has come through the worker's socket, or its
  /// end.
  virtual void watch(WorkerLink& link) = 0;
  /// Neither on_wake_up() nor on_room() is called for the worker any more.
  virtual void unwatch(WorkerLink& link) = 0;
  /// Has on_room() called, once, when the descriptor channel may have room again, which is `full`.
  virtual void wait_for_room(WorkerLink& link, WorkerChannel::Stop full) = 0;

 protected:
  ~SocketWatch() = default;
};

/// Decides when the dispatcher reads what workers have told, asks them for wake-ups, writes what is
/// in their outboxes, and lets go of those that callers may borrow. Stands between the sockets and
/// the driver. Pure. README.md ("Channels") has the states and what always holds. Threads: the
/// dispatcher's.
class ChannelReactor {
 public:
  ChannelReactor(SocketWatch& sockets, LockedDriver& driver) : sockets_(sockets), driver_(driver) {}

  /// A worker is there, and perhaps not in the table yet.
  void open(WorkerLink& link);

  // --- events ---
  /// Something has come through the worker's socket, or its end.
  void on_wake_up(WorkerId id) BROOD_EXCLUDES(core_lock);
  /// The worker's end of the socket is closed: its task has closed it, or the process ends. Comes
  /// whether the socket is watched or not.
  void on_hang_up(WorkerId id) BROOD_EXCLUDES(core_lock);
  /// The worker's process has ended.
  void on_ended(WorkerId id) BROOD_EXCLUDES(core_lock);
  /// The worker's descriptor channel may have room again.
  void on_room(WorkerId id) BROOD_EXCLUDES(core_lock);

  // --- turns ---
  /// Behind the driver's: lets go of workers that callers may borrow, watches the others, and takes
  /// note of what is to be written and read.
  void end_turn() BROOD_REQUIRES(core_lock);
  /// Writes and reads that. False when the driver has been told something meanwhile, and wants
  /// another turn.
  bool flush() BROOD_EXCLUDES(core_lock);

 private:
  struct Served {
    bool watched = false;
    WorkerChannel::Stop stopped_by = WorkerChannel::Stop::none;
  };

  void watch_and_ask(WorkerLink& link);
  void unwatch(WorkerLink& link);
  bool receive_wake_ups(WorkerLink& link) BROOD_EXCLUDES(core_lock);
  void read_results(WorkerLink& link) BROOD_EXCLUDES(core_lock);
  bool read_what_is_there(WorkerLink& link) BROOD_EXCLUDES(core_lock);
  bool flush(WorkerLink& link) BROOD_EXCLUDES(core_lock);
  WorkerChannel::Stop write(WorkerLink& link) BROOD_EXCLUDES(core_lock);

  SocketWatch& sockets_;
  LockedDriver& driver_;
  std::vector<Served> served_;          // by worker
  std::vector<WorkerLink*> unwritten_;  // have something in their outbox
  std::vector<WorkerId> unread_;        // have news that no wake-up comes for
};

}  // namespace brood::pool

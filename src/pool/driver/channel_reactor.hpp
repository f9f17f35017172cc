#pragma once

#include <cstddef>
#include <exception>
#include <vector>

#include "pool/base/core_lock.hpp"
#include "pool/driver/worker_table.hpp"

namespace brood::pool {

/// What a ChannelReactor has done for it, by the dispatcher's loop or by a world of the simulation.
/// No function waits. Threads: the dispatcher's.
class ReactorHost {
 public:
  /// The driver's workers. They come and go in this thread alone.
  virtual LinksOfDispatcher workers() const noexcept = 0;
  /// Has on_wake_up() called, once, when something has come through the worker's socket, or its
  /// end.
  virtual void watch(WorkerLink& link) = 0;
  /// Neither on_wake_up() nor on_room() is called for the worker any more.
  virtual void unwatch(WorkerLink& link) = 0;
  /// Has on_room() called, once, when the descriptor channel may have room again, which is `full`.
  virtual void wait_for_room(WorkerLink& link, WorkerChannel::Stop full) = 0;
  /// Whether the pool was terminated: nothing is written any more.
  virtual bool is_terminated() const noexcept = 0;
  /// Whether this process has closed the pool's descriptors: no event is believed any more.
  virtual bool has_lost_descriptors() const noexcept = 0;

  // --- what the driver is told, under the core's lock ---
  /// Has some of the worker's ring read, and returns how many bytes that were at most.
  virtual std::size_t read(WorkerLink& link) BROOD_EXCLUDES(core_lock) = 0;
  virtual void unreadable(WorkerLink& link, const std::exception_ptr& error)
      BROOD_EXCLUDES(core_lock) = 0;
  virtual void stream_ended(WorkerLink& link) BROOD_EXCLUDES(core_lock) = 0;

 protected:
  ~ReactorHost() = default;
};

/// Decides when the dispatcher reads what workers have told, asks them for wake-ups, writes what is
/// in their outboxes, and lets go of those that callers may borrow. Pure. README.md ("Channels")
/// has the states and what always holds. Threads: the dispatcher's.
class ChannelReactor {
 public:
  explicit ChannelReactor(ReactorHost& host) : host_(host) {}

  /// A worker is there, and perhaps not in the table yet.
  void open(WorkerLink& link);

  // --- events ---
  /// Something has come through the worker's socket, or its end.
  void on_wake_up(WorkerId id) BROOD_EXCLUDES(core_lock);
  /// The worker's end of the socket is closed: its task has closed it, or the process ends. Comes
  /// whether the socket is watched or not.
  void on_hang_up(WorkerId id) BROOD_EXCLUDES(core_lock);
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

  ReactorHost& host_;
  std::vector<Served> served_;          // by worker
  std::vector<WorkerLink*> unwritten_;  // have something in their outbox
  std::vector<WorkerId> unread_;        // have news that no wake-up comes for
};

}  // namespace brood::pool

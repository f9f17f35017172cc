#pragma once

#include "pool/channels/borrowed_channel.hpp"
#include "pool/dispatcher/worker_process.hpp"

namespace brood::pool {

/// An idle worker that a caller's thread has borrowed and drives itself, for one call. No other
/// thread is woken, which would double the round trip. It is given back whatever happens: see
/// BorrowedChannel. Threads: one, without the core's lock.
class BorrowedWorker final : private CallerWait {
 public:
  /// A large result is given to `arriving`, where that is not null.
  BorrowedWorker(LockedBorrowing& driver, WorkerProcess& worker, CallJob& job,
                 detail::ArrivingResult* arriving) noexcept
      : worker_(worker), channel_(*this, driver, worker, job, arriving) {}
  BorrowedWorker(const BorrowedWorker&) = delete;
  BorrowedWorker& operator=(const BorrowedWorker&) = delete;

  /// See BorrowedChannel.
  bool drive() { return channel_.drive(); }

 private:
  bool look() override;
  void sleep() override;
  bool sleep_on_socket(WorkerChannel::Stop full) override;

  WorkerProcess& worker_;
  BorrowedChannel channel_;
};

}  // namespace brood::pool

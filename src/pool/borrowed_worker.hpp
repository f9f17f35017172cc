#pragma once

#include <optional>

#include "pool/caller_access.hpp"
#include "pool/calls/call_state.hpp"
#include "pool/dispatcher/worker_process.hpp"

namespace brood::pool {

/// An idle worker that a caller's thread has borrowed and drives itself, for one call. No other
/// thread is woken, which would double the round trip. It is given back whatever happens: as
/// broken, and its call failed, where the thread leaves by an exception (or pthread_cancel).
/// Threads: one, without the core's lock.
class BorrowedWorker {
 public:
  /// A large result is given to `arriving`, where that is not null.
  BorrowedWorker(const CallerAccess& access, WorkerProcess& worker, CallState& call,
                 detail::ArrivingResult* arriving) noexcept
      : access_(access), worker_(worker), call_(call), arriving_(arriving) {}
  BorrowedWorker(const BorrowedWorker&) = delete;
  BorrowedWorker& operator=(const BorrowedWorker&) = delete;
  ~BorrowedWorker() {
    if (!given_back_) abandon();
  }

  /// Writes, sleeps and reads until the call is finished, or something is wrong; then the worker
  /// has been given back. True if the dispatcher has something to do. Once.
  bool drive();

 private:
  class Incoming;
  std::optional<bool> read();
  bool exchange();
  std::optional<protocol::ParentSide::LargeResult> large_result() const;
  bool take(const protocol::ParentSide::LargeResult& result);
  bool has_attachments() const;
  void wait_for_news();
  bool wait_for_channel(bool crowded);
  bool is_over() const;
  void abandon() noexcept;

  const CallerAccess& access_;
  WorkerProcess& worker_;
  CallState& call_;
  detail::ArrivingResult* const arriving_;
  bool given_back_ = false;
};

}  // namespace brood::pool

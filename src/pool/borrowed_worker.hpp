#pragma once

#include <exception>
#include <optional>

#include "pool/caller_access.hpp"
#include "pool/calls/call_state.hpp"
#include "pool/dispatcher/worker_process.hpp"
#include "pool/driver/borrowed_channel.hpp"

namespace brood::pool {

/// An idle worker that a caller's thread has borrowed and drives itself, for one call. No other
/// thread is woken, which would double the round trip. It is given back whatever happens: see
/// BorrowedChannel. Threads: one, without the core's lock.
class BorrowedWorker final : private BorrowerHost {
 public:
  /// A large result is given to `arriving`, where that is not null.
  BorrowedWorker(const CallerAccess& access, WorkerProcess& worker, CallState& call,
                 detail::ArrivingResult* arriving) noexcept
      : access_(access), worker_(worker), call_(call), channel_(*this, worker, call, arriving) {}
  BorrowedWorker(const BorrowedWorker&) = delete;
  BorrowedWorker& operator=(const BorrowedWorker&) = delete;

  /// See BorrowedChannel.
  bool drive() { return channel_.drive(); }

 private:
  bool look() override;
  void sleep() override;
  bool sleep_on_socket(WorkerChannel::Stop full) override;
  bool is_terminated() const noexcept override { return access_.state().ended(); }
  bool has_lost_descriptors() const noexcept override {
    return access_.state().has_lost_descriptors();
  }
  std::optional<bool> read(Borrowing::News news, const std::exception_ptr& error) override
      BROOD_EXCLUDES(core_lock);
  std::optional<bool> took(const LargeResult& result) override BROOD_EXCLUDES(core_lock);
  void give_back_broken() noexcept override BROOD_EXCLUDES(core_lock);

  const CallerAccess& access_;
  WorkerProcess& worker_;
  CallState& call_;
  BorrowedChannel channel_;  // gives back what the others refer to
};

}  // namespace brood::pool

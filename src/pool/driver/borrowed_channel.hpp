#pragma once

#include <cstdint>
#include <exception>
#include <optional>

#include <brood/detail/pool/job.hpp>
#include "pool/base/core_lock.hpp"
#include "pool/calls/call_job.hpp"
#include "pool/driver/borrowing.hpp"
#include "pool/driver/worker_link.hpp"

namespace brood::pool {

/// What a BorrowedChannel has done for it, by the caller's thread or by a world of the simulation.
/// Threads: the caller's.
class BorrowerHost {
 public:
  using LargeResult = protocol::ParentSide::LargeResult;

  /// Looks for news of the worker for a moment. Whether there are some.
  virtual bool look() = 0;
  /// Sleeps as a futex does while `owner_waits` of the page says WakeUp::by_futex; not for ever.
  virtual void sleep() = 0;
  /// Sleeps until something has come through the worker's socket, which it returns, the process has
  /// ended, or the descriptor channel may have room again, which is `full`; not for ever.
  virtual bool sleep_on_socket(WorkerChannel::Stop full) = 0;
  /// Whether the pool was terminated.
  virtual bool is_terminated() const noexcept = 0;
  /// Whether this process has closed the pool's descriptors.
  virtual bool has_lost_descriptors() const noexcept = 0;

  // --- what the driver is told, under the core's lock: see Borrowing ---
  virtual std::optional<bool> read(Borrowing::News news, const std::exception_ptr& error)
      BROOD_EXCLUDES(core_lock) = 0;
  virtual std::optional<bool> took(const LargeResult& result) BROOD_EXCLUDES(core_lock) = 0;
  /// And the dispatcher has something to do.
  virtual void give_back_broken() noexcept BROOD_EXCLUDES(core_lock) = 0;

 protected:
  ~BorrowerHost() = default;
};

/// Decides what a caller does with the idle worker that it has borrowed for one call: when it
/// writes, looks, sleeps and reads. Pure. The worker is given back whatever happens: as broken, and
/// its call failed, where the frame is left by an exception (or pthread_cancel). README.md
/// ("Channels") has what always holds. Threads: one, without the core's lock.
class BorrowedChannel {
 public:
  /// Bytes: a smaller result is copied out of the ring first.
  static constexpr std::uint64_t large_result = std::uint64_t{1} << 20;

  /// A result of at least `large` bytes is given to `arriving`, where that is not null.
  BorrowedChannel(BorrowerHost& host, WorkerLink& link, const CallJob& job,
                  detail::ArrivingResult* arriving, std::uint64_t large = large_result) noexcept
      : host_(host), link_(link), job_(job), arriving_(arriving), large_(large) {}
  BorrowedChannel(const BorrowedChannel&) = delete;
  BorrowedChannel& operator=(const BorrowedChannel&) = delete;
  ~BorrowedChannel() {
    if (!given_back_) host_.give_back_broken();
  }

  /// Writes, sleeps and reads until the call is finished, or something is wrong; then the worker
  /// has been given back. True if the dispatcher has something to do. Once.
  bool drive() BROOD_EXCLUDES(core_lock);

 private:
  class Incoming;
  std::optional<bool> read() BROOD_EXCLUDES(core_lock);
  bool exchange();
  std::optional<BorrowerHost::LargeResult> next_large_result() const;
  bool take(const BorrowerHost::LargeResult& result);
  bool has_attachments() const;
  void wait_for_news();
  bool wait_for_room(WorkerChannel::Stop full);
  bool is_over() const;

  BorrowerHost& host_;
  WorkerLink& link_;
  const CallJob& job_;
  detail::ArrivingResult* const arriving_;
  const std::uint64_t large_;
  bool given_back_ = false;
};

}  // namespace brood::pool

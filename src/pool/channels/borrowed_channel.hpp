#pragma once

#include <cstdint>
#include <optional>

#include <brood/detail/pool/job.hpp>
#include "pool/base/core_lock.hpp"
#include "pool/calls/call_job.hpp"
#include "pool/channels/locked_borrowing.hpp"
#include "pool/driver/worker_link.hpp"

namespace brood::pool {

/// How a caller waits for the worker that it drives: its thread, or a world of the simulation.
/// Threads: the caller's.
class CallerWait {
 public:
  /// Looks for news of the worker for a moment. Whether there are some.
  virtual bool look() = 0;
  /// Sleeps as a futex does while `owner_waits` of the page says WakeUp::by_futex; not for ever.
  virtual void sleep() = 0;
  /// Sleeps until something has come through the worker's socket, which it returns, the process has
  /// ended, or the descriptor channel may have room again, which is `full`; not for ever.
  virtual bool sleep_on_socket(WorkerChannel::Stop full) = 0;

 protected:
  ~CallerWait() = default;
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
  BorrowedChannel(CallerWait& wait, LockedBorrowing& driver, WorkerLink& link, CallJob& job,
                  detail::ArrivingResult* arriving, std::uint64_t large = large_result) noexcept
      : wait_(wait), driver_(driver), link_(link), job_(job), arriving_(arriving), large_(large) {}
  BorrowedChannel(const BorrowedChannel&) = delete;
  BorrowedChannel& operator=(const BorrowedChannel&) = delete;
  ~BorrowedChannel() {
    if (!given_back_) driver_.give_back_broken(link_, job_);
  }

  /// Writes, sleeps and reads until the call is finished, or something is wrong; then the worker
  /// has been given back. True if the dispatcher has something to do. Once.
  bool drive() BROOD_EXCLUDES(core_lock);

 private:
  class Incoming;
  /// What a caller has seen of its worker when it has waited.
  struct Seen {
    Borrowing::News news = Borrowing::News::none;
    std::optional<LockedBorrowing::LargeResult> taken;  // one that has been decoded
    std::exception_ptr error;                           // why it can read no more
  };

  Seen exchange();
  std::optional<bool> tell(const Seen& seen) BROOD_EXCLUDES(core_lock);
  bool write_until_told();
  std::optional<LockedBorrowing::LargeResult> next_large_result() const;
  bool take(const LockedBorrowing::LargeResult& result);
  bool has_attachments() const;
  void wait_for_news();
  bool wait_for_room(WorkerChannel::Stop full);
  bool is_over() const;

  CallerWait& wait_;
  LockedBorrowing& driver_;
  WorkerLink& link_;
  CallJob& job_;
  detail::ArrivingResult* const arriving_;
  const std::uint64_t large_;
  bool given_back_ = false;
};

}  // namespace brood::pool

#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>

#include <brood/detail/pool/job.hpp>
#include "call.hpp"
#include "fiber.hpp"
#include "judged_scheduler.hpp"
#include "link.hpp"
#include "pool/channels/borrowed_channel.hpp"
#include "pool/driver/driver.hpp"

namespace brood::simulation {

/// The thread of a caller that has borrowed a worker: the real BorrowedChannel on a fiber, and the
/// its way to the driver. It may leave wherever it waits.
class Caller final : private pool::CallerWait,
                     private pool::LockedBorrowing,
                     private detail::ArrivingResult {
 public:
  /// `elsewhere` lets other processes run.
  Caller(Environment& environment, Referee& referee, JudgedScheduler& scheduler,
         pool::Driver& driver, std::function<void()> elsewhere, Link& link,
         std::shared_ptr<Call> call);
  ~Caller();

  /// Whether it can go on now.
  bool runnable() const;
  /// Runs it until it pauses or ends.
  void run();
  bool is_over() const noexcept { return fiber_.ended(); }
  /// Whether it has left something to the dispatcher.
  bool has_left_work() const noexcept { return has_left_work_; }
  /// Whether it sleeps, and nothing has woken it.
  bool sleeps() const noexcept { return sleeps_ && !link_.process->caller_is_woken; }

 private:
  struct Gone {};

  // --- pool::CallerWait ---
  bool look() override;
  void sleep() override;
  bool sleep_on_socket(pool::WorkerChannel::Stop full) override;
  // --- pool::LockedBorrowing ---
  bool is_terminated() const noexcept override { return referee_.has_ended(); }
  bool has_lost_descriptors() const noexcept override { return false; }
  std::optional<bool> read(pool::WorkerLink& link, pool::CallJob& job, pool::Borrowing::News news,
                           const std::exception_ptr& error) override;
  std::optional<bool> took(pool::WorkerLink& link, pool::CallJob& job,
                           const LargeResult& result) override;
  void give_back_broken(pool::WorkerLink& link, pool::CallJob& job) noexcept override;
  // --- detail::ArrivingResult ---
  void take(Reader bytes) override;

  // One thread has it all.
  pool::Driver& driver() noexcept BROOD_ASSERT_CAPABILITY(pool::core_lock) { return driver_; }
  void body();
  std::optional<bool> told(std::optional<bool> over);
  void check_text(Reader& bytes);
  void elsewhere();
  void maybe_leave();
  void pause();

  Environment& environment_;
  Referee& referee_;
  JudgedScheduler& scheduler_;
  pool::Driver& driver_;
  std::function<void()> elsewhere_;
  Link& link_;
  std::shared_ptr<Call> call_;
  bool runs_ = false, sleeps_ = false, dying_ = false, has_left_work_ = true;
  Fiber fiber_;
};

}  // namespace brood::simulation

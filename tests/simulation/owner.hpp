#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "call.hpp"
#include "judged_scheduler.hpp"
#include "link.hpp"
#include "pool/calls/callbacks.hpp"
#include "pool/driver/driver.hpp"
#include "process.hpp"
#include "referee.hpp"

namespace brood::simulation {

/// The real driver and the real scheduler. In place of the dispatcher and of callers' threads: what
/// they would wait for is drawn, and processes of the simulation are at the other end of the pages.
class Owner final : private pool::Host {
 public:
  /// `elsewhere` is called where other processes may run meanwhile, `unlocked` where users may come
  /// in because the lock is not held.
  Owner(Environment& environment, Referee& referee, std::function<void()> elsewhere,
        std::function<void()> unlocked);

  // --- users ---
  JobId add(const JobPlan& plan, std::size_t count, bool last);
  void extend(JobId job, std::size_t count, bool last);
  void cancel(JobId job, bool stop_running);
  void cancel(JobId job, std::size_t index, bool stop_running);
  /// A caller that waits: drives an idle worker if it may borrow one.
  JobId call(const JobPlan& plan);
  void close();
  void terminate();

  /// One turn of the dispatcher.
  void turn();
  /// One step of the caller that has borrowed the worker; false if it can only wait.
  bool step_of_caller(Link& link);
  /// When there will be something to do if nothing happens.
  std::optional<Time> next_time() const;
  /// Whether a turn would do something.
  bool has_work() const;
  bool finished() const noexcept { return finished_; }
  /// Throws where a side sleeps although it should have been woken.
  void check_sleepers() const;

  Link* link(WorkerId worker) const noexcept BROOD_ASSERT_CAPABILITY(pool::core_lock) {
    return static_cast<Link*>(driver().workers().find(worker));
  }
  std::size_t slots() const noexcept { return starts_.size(); }

 private:
  // --- pool::Host ---
  void start(WorkerId worker) override;
  void abandon_start(WorkerId worker) override;
  void abandon_starts() override;
  pool::SignalResult signal(pool::WorkerLink& link, pool::StopSignal signal) noexcept override;
  std::optional<pool::Death> status(pool::WorkerLink& link) noexcept override;
  void release(pool::WorkerLink&) noexcept override {}
  void log_error(const std::string& text) noexcept override {
    environment_.say("%s", text.c_str());
  }
  void log(const pool::WorkerLink& link, const protocol::LogRecord& record) noexcept override;
  bool table_is_full() noexcept override { return false; }
  std::size_t descriptor_limit() noexcept override { return 1024; }

  // One thread has it all.
  pool::Driver& driver() noexcept BROOD_ASSERT_CAPABILITY(pool::core_lock) { return driver_; }
  const pool::Driver& driver() const noexcept BROOD_ASSERT_CAPABILITY(pool::core_lock) {
    return driver_;
  }
  std::shared_ptr<Call> make(const JobPlan& plan, std::size_t count, bool last);
  Call* find(JobId job) const;
  void finish_start(WorkerId worker);
  bool is_wanted(const Link& link) const;
  static bool sleeps_too_long(const Link& link);
  std::optional<bool> exchange(Link& link);
  void wait_for_news(Link& link);
  bool notices();
  void on_wake_up(Link& link);
  bool receive_wake_ups(Link& link);
  void read_results(Link& link);
  bool read_what_is_there(Link& link);
  void on_ended(Link& link);
  void end_turn();
  std::optional<WorkerId> age_one();
  void let_it_age(WorkerId worker);
  bool flush(Link& link);
  void go_on(Link& link);
  void die_of_signals();
  void spoil_what_is_borrowed();
  Process* process_in(WorkerId worker) const noexcept;

  Environment& environment_;
  Referee& referee_;
  std::function<void()> elsewhere_, unlocked_;
  pool::Callbacks callbacks_;  // nothing is posted
  JudgedScheduler scheduler_;
  pool::Driver driver_;
  std::vector<std::optional<Time>> starts_;  // when the start of a worker has an answer
  std::vector<std::weak_ptr<Call>> calls_;
  std::uint64_t next_pid_ = 1;
  bool news_ = true, finished_ = false;
};

}  // namespace brood::simulation

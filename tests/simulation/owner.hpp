#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "call.hpp"
#include "caller.hpp"
#include "judged_scheduler.hpp"
#include "link.hpp"
#include "pool/calls/callbacks.hpp"
#include "pool/channels/channel_reactor.hpp"
#include "pool/driver/driver.hpp"
#include "process.hpp"
#include "referee.hpp"

namespace brood::simulation {

inline constexpr Nanoseconds between_looks = std::chrono::milliseconds(200);
inline constexpr std::uint64_t memory_limit = 1;  // of a worker, in bytes, where it is watched

/// The real driver, scheduler and reactor. In place of the dispatcher's loop: what it would wait
/// for is drawn, and processes of the simulation are at the other end of the pages.
class Owner final : private pool::WorkerProcesses,
                    private pool::SocketWatch,
                    private pool::LockedDriver {
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
  /// The readers of these streams wait for the end of the pool.
  void join(const std::vector<JobId>& streams);
  /// This process is stopped for so long.
  void stand_still(Nanoseconds time);
  /// Whether a caller drives a worker.
  bool is_driven() const;

  /// One turn of the dispatcher.
  void turn();
  /// One step of the caller that has borrowed the worker; false if it can only wait.
  bool step_of_caller(WorkerId worker);
  /// When there will be something to do if nothing happens.
  std::optional<Time> next_time() const;
  /// Whether a turn would do something.
  bool has_work() const;
  bool finished() const noexcept { return finished_; }
  /// When nothing happens any more: every element has been counted once, and each of its attempts
  /// that ended in a worker recorded once.
  void check_records();
  /// Throws where a side sleeps although it should have been woken.
  void check_sleepers() const;

  Link* link(WorkerId worker) const noexcept BROOD_ASSERT_CAPABILITY(pool::core_lock) {
    return static_cast<Link*>(driver().workers().find(worker));
  }
  std::size_t slots() const noexcept { return starts_.size(); }

 private:
  // --- pool::WorkerProcesses ---
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
  bool order_workers_memory() noexcept override;
  bool table_is_full() noexcept override;
  std::size_t descriptor_limit() noexcept override { return 1024; }
  // --- pool::SocketWatch ---
  void watch(pool::WorkerLink& link) override { link_of(link).watched = true; }
  void unwatch(pool::WorkerLink& link) override;
  void wait_for_room(pool::WorkerLink& link, Link::Stop) override {
    link_of(link).waits_for_room = true;
  }
  // --- pool::LockedDriver ---
  pool::LinksOfDispatcher workers() const noexcept override BROOD_NO_THREAD_SAFETY_ANALYSIS {
    return pool::LinksOfDispatcher(driver().workers());
  }
  bool is_terminated() const noexcept override { return referee_.has_ended(); }
  bool has_lost_descriptors() const noexcept override { return false; }
  std::size_t read(pool::WorkerLink& link) override;
  void unreadable(pool::WorkerLink& link, const std::exception_ptr& error) override;
  void hung_up(pool::WorkerLink& link) override;
  void ended(pool::WorkerLink& link) override { driver().ended(link); }

  static Link& link_of(pool::WorkerLink& link) noexcept { return static_cast<Link&>(link); }

  // One thread has it all.
  pool::Driver& driver() noexcept BROOD_ASSERT_CAPABILITY(pool::core_lock) { return driver_; }
  const pool::Driver& driver() const noexcept BROOD_ASSERT_CAPABILITY(pool::core_lock) {
    return driver_;
  }
  std::shared_ptr<Call> make(const JobPlan& plan, std::size_t count, bool last);
  Call* find(JobId job) const;
  static void check_times(const trace::TimelineElement& element);
  void start_first_workers();
  void finish_start(WorkerId worker);
  void admit(WorkerId worker);
  void collapse();
  void look_at_processes();
  void see_no_main_thread(Link& seen);
  pool::SignalResult draw_answer() noexcept;
  bool is_wanted(const Link& link) const;
  bool sleeps_too_long(const Link& link) const;
  bool notices();
  void check_links();
  void look_for_events();
  void take_wake_up(Link& link);
  void take_hang_up(Link& link);
  void give_room_early(Link& link);
  std::optional<WorkerId> age_one();
  void let_it_age(WorkerId worker);
  void die_of_signals();
  void spoil_what_is_borrowed();
  Process* process_in(WorkerId worker) const noexcept;

  Environment& environment_;
  Referee& referee_;
  std::function<void()> elsewhere_, unlocked_;
  Time next_look_{};           // at the workers' processes
  pool::Callbacks callbacks_;  // nothing is posted
  JudgedScheduler scheduler_;
  pool::Recorder recorder_;  // where times are wanted
  pool::Driver driver_;
  pool::ChannelReactor reactor_{*this, *this};
  std::vector<std::optional<Time>> starts_;  // when the start of a worker has an answer
  std::vector<std::weak_ptr<Call>> calls_;
  std::vector<std::unique_ptr<Caller>> callers_;  // by the workers that they drive
  std::uint64_t next_pid_ = 1;
  bool news_ = true, finished_ = false;
};

}  // namespace brood::simulation

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "pool/scheduler/scheduler.hpp"
#include "process.hpp"
#include "protocol/owner_page.hpp"
#include "protocol/parent_side.hpp"
#include "referee.hpp"

namespace brood::simulation {

/// The owner's end of one worker, as pool::WorkerLink is.
struct Link {
  Link(std::unique_ptr<Process> its_process, std::uint64_t limit)
      : process(std::move(its_process)), stream(limit) {}
  std::unique_ptr<Process> process;
  protocol::ParentSide stream;
  protocol::PageWatch watch;
  detail::Bytes outbox;
  std::size_t written = 0;  // of the outbox
  bool ended = false;       // its death has been noticed
  bool broken = false;
  JobId lent_for = 0;
  bool lent = false;
  Time kill_at{};
  bool outbox_empty() const noexcept { return written == outbox.size(); }
};

/// What the core keeps of a call.
struct Call {
  JobId id = 0;
  bool lends = false;
  bool told = false;  // its caller, of its end
};

/// The real scheduler and the real parent side, driven as core and dispatcher drive them, with
/// processes of the simulation at the other end of the pipes.
class Owner final {
 public:
  /// `elsewhere` is called where other processes may run meanwhile, `unlocked` where users may come
  /// in although there is something to carry out.
  Owner(Environment& environment, Referee& referee, std::function<void()> elsewhere,
        std::function<void()> unlocked);

  // --- users ---
  JobId add(const JobPlan& plan, std::size_t count, bool last);
  void extend(JobId job, std::size_t count, bool last);
  void cancel(JobId job, bool stop_running);
  void cancel(JobId job, std::size_t index, bool stop_running);
  /// A caller that waits: drives an idle worker if it is lent one.
  JobId call(const JobPlan& plan);
  void close();
  void terminate();

  /// One turn of the dispatcher.
  void turn();
  /// One step of the caller that the worker is lent to; false if it can only wait.
  bool step_of_caller(WorkerId worker);
  /// When there will be something to do if nothing happens.
  std::optional<Time> next_time() const;
  /// Whether a turn would do something.
  bool has_work() const;
  bool finished() const;

  std::vector<std::unique_ptr<Link>>& links() noexcept { return links_; }
  pool::Scheduler& scheduler() noexcept { return scheduler_; }

 private:
  class Events;
  void answer(const pool::Action& question);
  std::uint64_t revoke(WorkerId worker, std::uint64_t fence);
  void perform(bool dispatcher);
  std::optional<pool::Action> next_action();
  std::optional<pool::Action> mutated(pool::Action action);
  void show(const pool::Action& action);
  void carry_out(const pool::Action& action, bool dispatcher);
  void carry_out(const pool::Action& action, Link& link);
  void defer(const pool::Action& action);
  void keep(JobId job, const JobPlan& plan);
  Call* find_call(JobId job);
  bool driven(JobId job) const;
  void finish(JobId job);
  void over(const pool::Action& action);
  void send(const pool::Assignment& assignment, Link& link);
  void start(WorkerId worker);
  void finish_start(WorkerId worker);
  void stop(Link& link);
  void read(Link& link);
  bool receive(Link& link, std::size_t most);
  void parse(Link& link);
  void broken(Link& link, const char* why);
  void bury_the_dead();
  void bury(Link& link);
  void tick();
  void harvest(Link& link);
  protocol::PageWatch::Known known(const Link& link) const;
  void look(Link& link, std::vector<pool::Running>& running);
  void flush(Link& link);
  void lend_idle_workers();
  void kill_the_overdue();
  bool mutate(Mutation mutation);

  Environment& environment_;
  Referee& referee_;
  std::function<void()> elsewhere_, unlocked_;
  pool::Scheduler scheduler_;
  std::vector<std::unique_ptr<Link>> links_;
  std::vector<std::optional<Time>> starts_;  // when the start of a worker has an answer
  std::vector<pool::Action> deferred_;
  std::optional<pool::Action> again_;
  std::vector<std::optional<Call>> calls_;  // by slot_of(id)
  std::set<JobId> finished_;                // as their callers know
  std::set<JobId> freed_early_;             // by a mutation
  bool cancelled_ = false;                  // what a user cancels
  std::uint64_t next_pid_ = 1;
  Time last_tick_{};
  bool news_ = true;
};

}  // namespace brood::simulation

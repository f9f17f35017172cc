#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "pool/scheduler/scheduler.hpp"
#include "process.hpp"
#include "referee.hpp"

namespace brood::simulation {

/// The real scheduler, with the referee between it and the driver, and there the mutations: what
/// either of them could get wrong.
class JudgedScheduler final : public pool::Scheduler {
 public:
  /// `process_in` finds the process in a slot, dead or alive; `elsewhere` lets other processes run.
  JudgedScheduler(Environment& environment, Referee& referee,
                  std::function<Process*(WorkerId)> process_in, std::function<void()> elsewhere);

  /// A call of the driver begins: what is put off by it is put off until the next one.
  void begin_call();
  /// Whether the dispatcher has its turn.
  void set_in_turn(bool in_turn) { in_turn_ = in_turn; }
  /// Notes what the referee throws: a driver may not be left by an exception.
  template <class Judgement>
  void judge(Judgement judgement) const {
    try {
      judgement();
    } catch (const Violation& violation) {
      referee_.note(violation);
    }
  }
  bool mutate(Mutation mutation);

  /// What is to be told of the next job that is added, before anything follows from it.
  void adding(std::function<void(JobId)> tell) { tell_added_ = std::move(tell); }

  // --- pool::Scheduler ---
  JobId add(const pool::JobTraits& traits, std::size_t count, pool::Input input) override;
  void worker_event(WorkerId worker, pool::WorkerEvent event, Time now) override;
  pool::Reception outcomes(WorkerId worker, const pool::Outcomes& outcomes, Time now) override;
  void stop(WorkerId worker, pool::StopReason why, Time now) override;
  void worker_gone(WorkerId worker, std::optional<std::uint64_t> claimed, Time now) override;
  void answer(WorkerId worker, const pool::Begun& begun) override;
  bool revocation_done(WorkerId worker, std::uint64_t fence) override;
  std::optional<pool::Assignment> borrow(JobId job, Time now) override;
  pool::SchedulerView view() const noexcept override;
  void pump(Time now) override;
  void tick(Time now, const std::vector<pool::Running>& running) override;
  std::optional<pool::Action> next() override;
  void let_go(JobId job) override;

 private:
  Process& process_of(WorkerId worker) const;
  bool is_answered_without_the_page(const pool::Action& question);
  std::optional<pool::Action> mutated(pool::Action action);
  void show(const pool::Action& action);
  void check_kept_sets();
  void count_what_pages_told(WorkerId worker, std::size_t count);

  Environment& environment_;
  Referee& referee_;
  std::function<Process*(WorkerId)> process_in_;
  std::function<void()> elsewhere_;
  std::function<void(JobId)> tell_added_;
  std::map<WorkerId, pool::Action> asked_;  // of its page
  bool in_turn_ = false;
  std::optional<pool::Action> again_;
  std::set<JobId> put_off_;      // their `over` has been told, and is not carried out yet
  std::set<JobId> freed_early_;  // by a mutation
};

}  // namespace brood::simulation

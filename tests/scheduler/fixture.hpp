#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "pool/scheduler/scheduler.hpp"

namespace brood::pool {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = Action::Kind;

/// A scheduler, the pages of its workers, and time that passes when a test says so.
class SchedulerTest : public testing::Test {
 protected:
  static SchedulerConfig workers(std::uint32_t count) {
    SchedulerConfig config;
    config.workers = count;
    return config;
  }
  static JobTraits single() {
    JobTraits traits;
    traits.self_contained = true;
    return traits;
  }
  static JobTraits map(std::size_t chunk = 0) {
    JobTraits traits;
    traits.chunk = chunk;
    return traits;
  }
  static JobTraits isolated(std::size_t chunk = 0, std::uint32_t retries = 0) {
    JobTraits traits = map(chunk);
    traits.fail_fast = false;
    traits.retries = {.crashes = retries, .timeouts = retries};
    return traits;
  }

  /// A pool whose workers are ready.
  void make(const SchedulerConfig& config) {
    make_cold(config);
    for (WorkerId id = 0; id < config.workers; ++id) come_up(id);
    pump();
  }
  /// A pool whose workers have been asked for.
  std::vector<Action> make_cold(const SchedulerConfig& config) {
    scheduler.emplace(config);
    return pump();
  }
  void come_up(WorkerId id) {
    begun_[id] = 0;
    scheduler->worker_event(id, WorkerEvent::started, now);
    scheduler->worker_event(id, WorkerEvent::ready, now);
  }
  /// Everything that is to be done now.
  std::vector<Action> pump() {
    scheduler->pump(now);
    return drain();
  }
  std::vector<Action> drain() {
    carry_out_questions();
    for (const Action& action : waiting_) {
      if (action.kind == Kind::over) scheduler->let_go(action.job);
    }
    return std::exchange(waiting_, {});
  }
  /// Whether what is asked for is cancelled.
  bool cancel(JobId job, bool stop_running) { return cancel(job, Action::all, stop_running); }
  bool cancel(JobId job, std::size_t index, bool stop_running) {
    cancelled_.reset();
    scheduler->cancel(job, index, stop_running ? Kill::yes : Kill::no, now);
    carry_out_questions();
    return cancelled_ == std::pair(job, index);
  }
  /// Has the scheduler know what an element with this key costs.
  void teach(std::uint64_t key, Nanoseconds cost) {
    JobTraits traits = map();
    traits.cost_key = key;
    const JobId job = scheduler->add(traits, 1, Input::ends);
    const auto sends = of(Kind::send, pump());
    ASSERT_EQ(sends.size(), 1u);
    begin(sends[0].worker);
    now += cost;
    scheduler->outcomes(sends[0].worker,
                        {job, 0, 1, static_cast<std::uint64_t>(cost.count()), false}, now);
    drain();
  }
  /// The worker begins `count` more elements.
  void begin(WorkerId id, std::uint64_t count = 1) { begun_[id] += count; }
  Reception tell(WorkerId id, JobId job, std::size_t first, std::size_t count = 1,
                 bool failed = false) {
    const Reception reception = scheduler->outcomes(id, {job, first, count, 0, failed}, now);
    carry_out_questions();
    return reception;
  }
  std::uint64_t begun_by(WorkerId id) const { return begun_.at(id); }
  /// The worker says that it has seen the last revocation.
  void acknowledge(WorkerId id) { EXPECT_TRUE(scheduler->revocation_done(id, fences_.at(id))); }
  void die(WorkerId id) { scheduler->worker_gone(id, begun_[id], now); }
  /// Answers what the scheduler asks; what else it wants waits for drain().
  void carry_out_questions() {
    while (const auto action = scheduler->next()) {
      if (action->kind == Kind::look || action->kind == Kind::revoke) {
        answer(*action);
      } else if (action->kind == Kind::cancelled) {
        cancelled_ = std::pair(action->job, action->first);
      } else {
        waiting_.push_back(*action);
      }
    }
  }

  static std::vector<Action> of(Kind kind, const std::vector<Action>& actions) {
    std::vector<Action> found;
    for (const Action& action : actions) {
      if (action.kind == kind) found.push_back(action);
    }
    return found;
  }
  static std::vector<Kind> kinds(const std::vector<Action>& actions) {
    std::vector<Kind> found;
    for (const Action& action : actions) found.push_back(action.kind);
    return found;
  }

  std::optional<Scheduler> scheduler;
  Time now{seconds(1000)};
  std::vector<WorkerId> revoked;

 private:
  // The worker acknowledges when the test says so; it goes on behind the fence.
  void answer(const Action& question) {
    const WorkerId id = question.worker;
    const std::uint64_t begun = begun_.at(id);
    if (question.kind == Kind::revoke) {
      revoked.push_back(id);
      begun_[id] = fences_[id] = question.fence;
    }
    scheduler->answer(id, {begun});
  }

  std::map<WorkerId, std::uint64_t> begun_, fences_;
  std::vector<Action> waiting_;
  std::optional<std::pair<JobId, std::size_t>> cancelled_;
};

}  // namespace brood::pool

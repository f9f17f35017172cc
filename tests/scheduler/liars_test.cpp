#include <algorithm>
#include <set>

#include "fixture.hpp"

// Elements that no worker ever admits to have begun, and that leave workers for other reasons than
// being late.
namespace brood::pool::liars_test {
namespace {

constexpr Nanoseconds limit = milliseconds(200);
const SchedulerConfig defaults;

/// Workers that run everything at once, but for element 0 of a job: one that has it hangs, says
/// that it has not begun, and hears nothing any more.
class Liars : public SchedulerTest {
 protected:
  void add(std::size_t chunk, std::size_t count) {
    JobTraits traits = isolated(chunk);
    traits.timeout = limit;
    start_ = now;
    job_ = scheduler->add(traits, count, Input::ends);
  }
  /// How long it takes until element 0 has its outcome.
  template <class Meanwhile>
  Nanoseconds time_to_end(Meanwhile meanwhile) {
    for (int steps = 0; steps < 200'000 && !failure_; ++steps) {
      carry_out(pump());
      const auto next = scheduler->view().next_tick();
      now = std::max(next.value_or(now), now + milliseconds(1));
      std::vector<Running> pages;
      for (const WorkerId id : hung_) pages.push_back({id, begun_by(id), Time{}});
      scheduler->tick(now, pages);
      carry_out(drain());
      meanwhile();
    }
    return failure_ ? ended_ - start_ : Nanoseconds::max();
  }

  JobId job_ = 0;
  std::optional<ElementFailure> failure_;
  std::set<WorkerId> hung_;

 private:
  void carry_out(const std::vector<Action>& actions) {
    for (const Action& action : actions) {
      if (action.kind == Kind::start) come_up(action.worker);
      if (action.kind == Kind::send) run(action.assignment);
      if (action.kind == Kind::resolve && action.first == 0 && !failure_) {
        failure_ = action.failure;
        ended_ = now;
      }
      if (action.kind == Kind::stop ||
          (action.kind == Kind::leave && !hung_.contains(action.worker)))
        end(action.worker);
    }
  }
  void run(const Assignment& sent) {
    if (sent.job == job_ && sent.first == 0) hung_.insert(sent.worker);
    if (hung_.contains(sent.worker)) return;
    begin(sent.worker, sent.count);
    tell(sent.worker, sent.job, sent.first, sent.count);
  }
  void end(WorkerId id) {
    hung_.erase(id);
    die(id);
  }

  Time start_, ended_;
};

TEST_F(Liars, an_element_that_idle_workers_take_from_each_other_times_out) {
  make(workers(3));
  add(3, 9);
  EXPECT_LE(time_to_end([] {}), 3 * limit + seconds(13));
  EXPECT_EQ(failure_, ElementFailure::timed_out);
}

TEST_F(Liars, an_element_whose_workers_grow_old_times_out) {
  SchedulerConfig config = workers(2);
  config.max_age = seconds(1);
  make(config);
  add(1, 1);
  EXPECT_LE(time_to_end([] {}), 3 * limit + seconds(13));
  EXPECT_EQ(failure_, ElementFailure::timed_out);
}

TEST_F(Liars, an_element_is_not_kept_by_cancelling_what_stands_behind_it) {
  make(workers(8));
  add(1000, 1000);
  Time last = now;
  std::size_t index = 1;
  const auto cancel = [&] {
    if (now - last < seconds(1)) return;
    last = now;
    SchedulerTest::cancel(job_, index++, false);
  };
  EXPECT_LE(time_to_end(cancel), 3 * limit + seconds(13));
  EXPECT_EQ(failure_, ElementFailure::timed_out);
}

TEST_F(Liars, an_element_is_not_kept_by_workers_that_are_killed_before_it_is_late) {
  make(workers(1));
  add(1, 1);
  Time last = now;
  const auto kill = [&] {
    if (now - last < seconds(2) || hung_.empty()) return;
    last = now;
    scheduler->stop(0, StopReason::main_thread_ended, now);
  };
  EXPECT_LE(time_to_end(kill), 10 * (limit + defaults.begin_grace));
  EXPECT_EQ(failure_, ElementFailure::timed_out);
}

TEST_F(Liars, an_element_whose_workers_take_too_much_memory_is_lost) {
  make(workers(1));
  scheduler->add(isolated(1), 1, Input::ends);
  std::size_t kills = 0;
  for (std::vector<Action> ended; ended.empty() && kills < 2 * defaults.unbegun_deaths; ++kills) {
    come_up(0);
    ASSERT_EQ(of(Kind::send, pump()).size(), 1u);
    scheduler->stop(0, StopReason::memory, now);
    die(0);
    ended = of(Kind::resolve, drain());
    now += seconds(1);
  }
  EXPECT_EQ(kills, defaults.unbegun_deaths);
}

class PassedOn : public SchedulerTest {
 protected:
  /// Worker 1 has element 0 of `job_` next, which is passed on, and others behind it.
  void pass_on(std::size_t count) {
    JobTraits traits = isolated(count + 1);
    traits.timeout = limit;
    make(workers(2));
    job_ = scheduler->add(traits, count + 1, Input::ends);
    pump();
    now += limit + defaults.begin_grace;
    scheduler->tick(now, {});
    cancel(job_, count, false);
    const auto sent = of(Kind::send, pump());
    ASSERT_EQ(sent.size(), 1u);
    ASSERT_EQ(sent[0].worker, 1u);
    ASSERT_EQ(sent[0].assignment.count, count);
  }
  std::size_t stops_at_a_look(std::uint64_t claimed) {
    scheduler->tick(now, {{1, claimed, now}});
    return of(Kind::stop, drain()).size();
  }
  void expect_end(ElementFailure failure) {
    scheduler->worker_gone(1, 0, now);
    const auto ended = of(Kind::resolve, drain());
    ASSERT_EQ(ended.size(), 1u);
    EXPECT_EQ(ended[0].first, 0u);
    EXPECT_EQ(ended[0].failure, failure);
  }
  JobId job_ = 0;
};

TEST_F(PassedOn, an_element_that_takes_its_claim_back_times_out) {
  pass_on(2);
  EXPECT_EQ(stops_at_a_look(1), 0u);
  now += limit;
  EXPECT_EQ(stops_at_a_look(0), 1u);
  expect_end(ElementFailure::timed_out);
}

TEST_F(PassedOn, an_element_is_cancelled_by_stopping_its_worker) {
  pass_on(1);
  EXPECT_TRUE(cancel(job_, 0, true));
  EXPECT_EQ(of(Kind::stop, drain()).size(), 1u);
  expect_end(ElementFailure::cancelled);
}

TEST_F(PassedOn, what_stands_behind_an_element_is_not_cancelled_before_that_is_decided) {
  pass_on(2);
  EXPECT_FALSE(cancel(job_, 1, true));
  EXPECT_TRUE(of(Kind::stop, drain()).empty());
}

class Leaving : public SchedulerTest {
 protected:
  /// How long a worker may take that has told of its last element.
  Nanoseconds time_to_stop(std::size_t elements) {
    SchedulerConfig config = workers(1);
    config.max_tasks = 1;
    make(config);
    const JobId job = scheduler->add(isolated(1), elements, Input::ends);
    pump();
    begin(0);
    tell(0, job, 0);
    EXPECT_EQ(of(Kind::leave, pump()).size(), 1u);
    const Time start = now;
    for (;;) {
      now = scheduler->view().next_tick().value_or(now + seconds(3600));
      scheduler->tick(now, {});
      if (!of(Kind::stop, drain()).empty()) return now - start;
    }
  }
};

TEST_F(Leaving, for_longer_than_an_answer_is_not_allowed_where_an_element_waits) {
  EXPECT_EQ(time_to_stop(2), defaults.answer);
}

TEST_F(Leaving, may_take_as_long_as_a_start_where_nothing_waits) {
  EXPECT_EQ(time_to_stop(1), defaults.start_timeout);
}

}  // namespace
}  // namespace brood::pool::liars_test

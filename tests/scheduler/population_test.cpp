#include <algorithm>
#include "fixture.hpp"

namespace brood::pool::population_test {
namespace {

/// How many workers live, and for how long.
class Population : public SchedulerTest {
 protected:
  static SchedulerConfig between(std::uint32_t least, std::uint32_t most,
                                 Nanoseconds idle_timeout = {}) {
    SchedulerConfig config = workers(most);
    config.min_workers = least;
    config.idle_timeout = idle_timeout;
    return config;
  }
  std::size_t started() { return of(Kind::start, pump()).size(); }
  std::vector<Action> tick() {
    scheduler->tick(now, {});
    return pump();
  }
};

TEST_F(Population, only_the_least_are_started_where_nothing_is_to_be_done) {
  EXPECT_EQ(of(Kind::start, make_cold(between(2, 8))).size(), 2u);
  EXPECT_EQ(of(Kind::start, make_cold(between(0, 8))).size(), 0u);
  EXPECT_FALSE(scheduler->view().next_tick());
}

TEST_F(Population, one_more_is_started_for_each_element_that_waits) {
  make_cold(between(1, 8));
  scheduler->add(isolated(), 3, Input::ends);
  EXPECT_EQ(started(), 2u);  // one is on its way
  EXPECT_EQ(started(), 0u);
  scheduler->add(isolated(), 100, Input::ends);
  EXPECT_EQ(started(), 5u);
}

TEST_F(Population, nobody_is_started_for_what_an_idle_worker_takes) {
  make_cold(between(1, 4));
  come_up(0);
  scheduler->add(single(), 1, Input::ends);
  const auto actions = pump();
  EXPECT_EQ(of(Kind::send, actions).size(), 1u);
  EXPECT_TRUE(of(Kind::start, actions).empty());
}

TEST_F(Population, workers_beyond_the_least_leave_when_they_have_had_nothing_to_do_for_so_long) {
  make_cold(between(1, 3, seconds(5)));
  const JobId job = scheduler->add(isolated(1), 3, Input::ends);
  EXPECT_EQ(started(), 2u);
  for (WorkerId id = 0; id < 3; ++id) come_up(id);
  for (const Action& send : of(Kind::send, pump())) tell(send.worker, job, send.assignment.first);
  EXPECT_EQ(scheduler->view().next_tick(), now + seconds(5));
  now += seconds(5);
  EXPECT_EQ(of(Kind::leave, tick()).size(), 2u);
  die(0);
  die(1);
  EXPECT_EQ(started(), 0u);
  EXPECT_FALSE(scheduler->view().next_tick());
}

TEST_F(Population, a_busy_worker_is_not_idle) {
  make_cold(between(0, 1, seconds(5)));
  const JobId job = scheduler->add(single(), 1, Input::ends);
  EXPECT_EQ(started(), 1u);
  come_up(0);
  pump();
  now += seconds(9);
  EXPECT_TRUE(of(Kind::leave, tick()).empty());
  tell(0, job, 0);
  EXPECT_TRUE(of(Kind::leave, tick()).empty());
  EXPECT_EQ(scheduler->view().next_tick(), now + seconds(5));
}

TEST_F(Population, a_worker_that_is_borrowed_for_long_is_not_asked_again_and_again) {
  make_cold(between(0, 1, seconds(5)));
  scheduler->add(single(), 1, Input::ends);
  pump();
  come_up(0);
  for (const Action& send : of(Kind::send, pump())) tell(0, send.job, 0);
  drain();
  scheduler->worker_event(0, WorkerEvent::borrowable, now);
  ASSERT_TRUE(scheduler->borrow(scheduler->add(single(), 1, Input::ends), now));
  now += seconds(9);
  EXPECT_TRUE(of(Kind::leave, tick()).empty());
  EXPECT_EQ(scheduler->view().next_tick(), now + seconds(5));
}

TEST_F(Population, an_old_worker_is_replaced_when_its_element_ends) {
  SchedulerConfig config = workers(1);
  config.max_age = seconds(60);
  make(config);
  EXPECT_EQ(scheduler->view().next_tick(), now + seconds(60));
  const JobId job = scheduler->add(single(), 1, Input::ends);
  pump();
  begin(0);
  now += seconds(60);
  EXPECT_TRUE(of(Kind::leave, tick()).empty());
  tell(0, job, 0);
  EXPECT_EQ(of(Kind::leave, pump()).size(), 1u);
  die(0);
  EXPECT_EQ(started(), 1u);
}

TEST_F(Population, a_worker_whose_start_took_longer_than_it_may_live_runs_what_waits) {
  SchedulerConfig config = between(0, 1, milliseconds(1));
  config.max_age = milliseconds(1);
  make_cold(config);
  const JobId job = scheduler->add(single(), 1, Input::ends);
  EXPECT_EQ(started(), 1u);
  scheduler->worker_event(0, WorkerEvent::started, now);
  now += seconds(1);
  scheduler->worker_event(0, WorkerEvent::ready, now);
  now += seconds(1);
  EXPECT_EQ(of(Kind::send, tick()).size(), 1u);
  begin(0);
  tell(0, job, 0);
  now += seconds(1);
  EXPECT_EQ(of(Kind::leave, tick()).size(), 1u);
}

TEST_F(Population, a_worker_that_does_not_leave_in_time_is_stopped) {
  SchedulerConfig config = workers(1);
  config.max_tasks = 1;
  make(config);
  const JobId job = scheduler->add(single(), 1, Input::ends);
  pump();
  tell(0, job, 0);
  EXPECT_EQ(of(Kind::leave, pump()).size(), 1u);
  EXPECT_EQ(scheduler->view().next_tick(), now + config.start_timeout);
  now += config.start_timeout;
  scheduler->tick(now, {});
  EXPECT_EQ(of(Kind::stop, drain()).size(), 1u);
  die(0);
  EXPECT_EQ(of(Kind::start, pump()).size(), 1u);
}

TEST_F(Population, jobs_fail_when_the_few_workers_that_are_started_for_them_cannot_start) {
  make_cold(between(0, 64));
  scheduler->add(single(), 1, Input::ends);
  std::size_t starts = 0;
  for (bool finished = false; !finished && starts < 1000;) {
    const auto actions = pump();
    for (const Action& start : of(Kind::start, actions)) {
      ++starts;
      scheduler->worker_event(start.worker, WorkerEvent::start_failed, now);
    }
    finished = !of(Kind::finish, drain()).empty();
    if (scheduler->view().next_tick()) now = std::max(now, *scheduler->view().next_tick());
  }
  EXPECT_LT(starts, 1000u);
  EXPECT_TRUE(scheduler->view().pool().drained);
}

}  // namespace
}  // namespace brood::pool::population_test

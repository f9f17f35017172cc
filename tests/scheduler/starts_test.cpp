#include "fixture.hpp"

namespace brood::pool::starts_test {
namespace {

class Starts : public SchedulerTest {};

TEST_F(Starts, failing_starts_wait_longer_each_time) {
  make_cold(workers(1));
  std::vector<Nanoseconds> waits;
  scheduler->add(map(), 0, Input::goes_on);  // a pool in use
  for (int i = 0; i < 2; ++i) {
    scheduler->worker_event(0, WorkerEvent::start_failed, now);
    EXPECT_TRUE(pump().empty());
    ASSERT_TRUE(scheduler->view().next_tick());
    waits.push_back(*scheduler->view().next_tick() - now);
    now = *scheduler->view().next_tick();
    EXPECT_EQ(kinds(pump()), std::vector{Kind::start});
  }
  EXPECT_EQ(waits, (std::vector<Nanoseconds>{milliseconds(10), milliseconds(20)}));
}

TEST_F(Starts, a_pool_that_cannot_start_fails_its_jobs_and_tries_again_for_new_ones) {
  make_cold(workers(1));
  scheduler->add(single(), 1, Input::ends);
  std::vector<Action> finishes;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(finishes.empty());
    scheduler->worker_event(0, WorkerEvent::start_failed, now);
    finishes = of(Kind::finish, drain());
    now += seconds(1);
    EXPECT_EQ(of(Kind::start, pump()).size(), i < 2 ? 1u : 0u);
  }
  ASSERT_EQ(finishes.size(), 1u);
  EXPECT_EQ(finishes[0].end, JobEnd::no_workers);
  pump();
  EXPECT_TRUE(pump().empty());
  const JobId job = scheduler->add(single(), 1, Input::ends);
  EXPECT_EQ(kinds(pump()), std::vector{Kind::start});
  come_up(0);
  EXPECT_EQ(of(Kind::send, pump()).at(0).job, job);
}

TEST_F(Starts, a_short_lack_is_waited_for_where_there_have_been_workers) {
  SchedulerConfig config = workers(1);
  config.lack = milliseconds(100);
  make(config);
  scheduler->worker_gone(0, 0, now);
  pump();
  scheduler->add(single(), 1, Input::ends);
  const Time since = now;
  while (now - since < config.lack) {
    scheduler->worker_event(0, WorkerEvent::short_of_resources, now);
    EXPECT_TRUE(pump().empty());
    ASSERT_TRUE(scheduler->view().next_tick());
    now = *scheduler->view().next_tick();
    EXPECT_EQ(kinds(pump()), std::vector{Kind::start});
  }
  come_up(0);
  EXPECT_EQ(of(Kind::send, pump()).size(), 1u);
}

TEST_F(Starts, a_lack_that_lasts_or_was_there_from_the_beginning_fails_the_jobs) {
  for (const bool from_the_beginning : {false, true}) {
    make_cold(workers(1));
    if (!from_the_beginning) {
      come_up(0);
      scheduler->worker_gone(0, 0, now);
    }
    pump();
    scheduler->add(single(), 1, Input::ends);
    const auto failed = [&] {
      scheduler->worker_event(0, WorkerEvent::short_of_resources, now);
      const bool any = !of(Kind::finish, drain()).empty();
      now += seconds(2);
      pump();
      return any;
    };
    int failures = 1;
    while (!failed()) ++failures;
    EXPECT_EQ(failures, from_the_beginning ? 3 : 6);
  }
}

// As where both wait for a server that is stopped: one is always on its way.
TEST_F(Starts, that_fail_in_turns_fail_the_jobs) {
  make(workers(2));
  for (const WorkerId id : {0u, 1u}) scheduler->worker_gone(id, 0, now);
  scheduler->add(single(), 1, Input::ends);
  pump();
  std::vector<Action> finishes;
  for (WorkerId next = 0, failures = 0; finishes.empty(); next = 1 - next, ++failures) {
    ASSERT_LT(failures, 7u);
    scheduler->worker_event(next, WorkerEvent::start_failed, now);
    finishes = of(Kind::finish, drain());
    now += seconds(1);
    pump();
  }
  EXPECT_EQ(finishes.at(0).end, JobEnd::no_workers);
}

TEST_F(Starts, one_that_fails_once_ends_no_hope_for_one_that_is_on_its_way) {
  SchedulerConfig config = workers(2);
  config.min_workers = 1;
  make(config);
  const auto fail = [&](WorkerId id) {
    scheduler->worker_event(id, WorkerEvent::start_failed, now);
    const bool failed = !of(Kind::finish, drain()).empty();
    now += seconds(1);
    pump();
    return failed;
  };
  scheduler->add(map(), 20, Input::ends);
  pump();
  scheduler->worker_gone(0, 0, now);
  pump();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(fail(0));
  scheduler->worker_gone(1, 0, now);
  now += seconds(1);
  pump();  // both are on their way
  EXPECT_FALSE(fail(1));
  come_up(0);
  EXPECT_FALSE(of(Kind::send, pump()).empty());
}

TEST_F(Starts, jobs_are_not_failed_while_one_worker_lives) {
  make_cold(workers(2));
  come_up(1);
  scheduler->add(single(), 1, Input::ends);
  pump();
  scheduler->add(single(), 1, Input::ends);
  for (int i = 0; i < 5; ++i) {
    scheduler->worker_event(0, WorkerEvent::start_failed, now);
    now += seconds(1);
    EXPECT_TRUE(of(Kind::finish, pump()).empty());
  }
}

TEST_F(Starts, a_failing_initializer_fails_the_jobs_at_once) {
  make_cold(workers(1));
  scheduler->add(single(), 1, Input::ends);
  scheduler->worker_event(0, WorkerEvent::started, now);
  scheduler->worker_event(0, WorkerEvent::initializer_failed, now);
  scheduler->worker_gone(0, 0, now);
  EXPECT_EQ(of(Kind::finish, drain()).at(0).end, JobEnd::no_workers);
}

TEST_F(Starts, a_worker_that_does_not_come_up_in_time_is_stopped) {
  make_cold(workers(1));
  scheduler->worker_event(0, WorkerEvent::started, now);
  now += seconds(60);
  scheduler->tick(now, {});
  EXPECT_EQ(kinds(drain()), std::vector{Kind::stop});
}

TEST_F(Starts, a_start_that_is_killed_from_outside_is_no_reason_to_give_up) {
  SchedulerConfig config = workers(1);
  config.start_attempts = 2;
  config.outside_kills = 4;
  make_cold(config);
  const JobId job = scheduler->add(single(), 1, Input::ends);
  const auto strike = [&] {
    scheduler->worker_event(0, WorkerEvent::started, now);
    scheduler->worker_event(0, WorkerEvent::killed_from_outside, now);
    scheduler->worker_gone(0, 0, now);
    now += seconds(2);
    return pump();
  };
  for (int i = 0; i < 7; ++i) {
    const auto actions = strike();
    EXPECT_TRUE(of(Kind::finish, actions).empty()) << i;
    EXPECT_EQ(of(Kind::start, actions).size(), 1u) << i;
  }
  const auto finished = of(Kind::finish, strike());  // for ever is one
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].job, job);
  EXPECT_EQ(finished[0].end, JobEnd::no_workers);
}

}  // namespace
}  // namespace brood::pool::starts_test

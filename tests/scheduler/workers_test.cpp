#include "fixture.hpp"

namespace brood::pool::workers_test {
namespace {

class Workers : public SchedulerTest {};

TEST_F(Workers, a_death_is_charged_to_the_element_that_ran) {
  make(workers(1));
  const JobId job = scheduler->add(isolated(4), 4, Input::ends);
  pump();
  begin(0, 2);
  tell(0, job, 0);
  die(0);
  const auto resolves = of(Kind::resolve, drain());
  ASSERT_EQ(resolves.size(), 1u);
  EXPECT_EQ(resolves[0].first, 1u);
  EXPECT_EQ(resolves[0].failure, ElementFailure::lost);
  EXPECT_EQ(of(Kind::start, pump()).size(), 1u);
  come_up(0);
  const auto sends = of(Kind::send, pump());
  ASSERT_EQ(sends.size(), 1u);
  EXPECT_EQ(sends[0].assignment.first, 2u);
  EXPECT_EQ(sends[0].assignment.count, 2u);
  EXPECT_EQ(sends[0].assignment.sequence, 0u);
}

TEST_F(Workers, a_death_before_anything_has_begun_is_charged_to_nobody) {
  make(workers(1));
  scheduler->add(map(4), 4, Input::ends);
  pump();
  die(0);
  EXPECT_TRUE(drain().empty());
}

TEST_F(Workers, a_death_in_a_folded_chunk_is_charged_to_the_last_that_began_first) {
  make(workers(1));
  scheduler->add(map(4), 4, Input::ends);
  pump();
  begin(0, 3);
  die(0);
  const auto actions = drain();
  EXPECT_EQ(of(Kind::resolve, actions).at(0).first, 2u);
  EXPECT_EQ(of(Kind::finish, actions).at(0).end, JobEnd::failed);
}

TEST_F(Workers, those_before_a_late_one_in_a_fold_are_not_charged_where_outcomes_were_read_late) {
  constexpr Nanoseconds limit = milliseconds(50);
  make(workers(1));
  teach(1, std::chrono::microseconds(10));
  JobTraits traits = isolated(3);
  traits.cost_key = 1;
  traits.timeout = limit;
  const JobId first = scheduler->add(traits, 1, Input::ends);
  traits.folded = true;
  const JobId fold = scheduler->add(traits, 3, Input::ends);
  ASSERT_EQ(of(Kind::send, pump()).size(), 2u);
  begin(0, 4);  // the first element has ended, and its outcome is not read yet
  const Time since = now;
  now += limit;
  scheduler->tick(now, {{0, begun_by(0), since}});
  EXPECT_EQ(of(Kind::stop, drain()).size(), 1u);
  tell(0, first, 0);
  die(0);
  const auto given_up = of(Kind::resolve, drain());
  ASSERT_EQ(given_up.size(), 1u);
  EXPECT_EQ(given_up[0].job, fold);
  EXPECT_EQ(given_up[0].first, 2u);
  EXPECT_EQ(given_up[0].failure, ElementFailure::timed_out);
}

TEST_F(Workers, an_element_that_is_stopped_is_charged_and_the_others_are_not) {
  make(workers(1));
  scheduler->add(isolated(4), 4, Input::ends);
  pump();
  begin(0, 2);
  scheduler->stop(0, StopReason::memory, now);
  EXPECT_EQ(of(Kind::stop, drain()).size(), 1u);
  die(0);
  const auto resolves = of(Kind::resolve, drain());
  ASSERT_EQ(resolves.size(), 1u);
  EXPECT_EQ(resolves[0].first, 1u);
  EXPECT_EQ(resolves[0].failure, ElementFailure::lost);
}

TEST_F(Workers, the_elements_of_a_dead_worker_go_first_and_in_their_order) {
  make(workers(2));
  scheduler->add(map(2), 8, Input::ends);
  const auto sends = of(Kind::send, pump());
  ASSERT_EQ(sends.size(), 2u);
  die(0);
  pump();
  come_up(0);
  const auto again = of(Kind::send, pump());
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].assignment.first, 0u);
}

TEST_F(Workers, an_element_is_retried_alone_and_its_attempts_are_counted) {
  make(workers(1));
  const JobId job = scheduler->add(isolated(4, 2), 4, Input::ends);
  pump();
  for (std::uint32_t attempt = 2; attempt <= 3; ++attempt) {
    begin(0);
    die(0);
    EXPECT_TRUE(of(Kind::resolve, drain()).empty());
    pump();
    come_up(0);
    const auto sends = of(Kind::send, pump());
    ASSERT_FALSE(sends.empty());
    EXPECT_EQ(sends[0].assignment.first, 0u);
    EXPECT_EQ(sends[0].assignment.count, 1u);
    EXPECT_EQ(sends[0].assignment.attempt, attempt);
  }
  begin(0);
  die(0);
  const auto resolves = of(Kind::resolve, drain());
  ASSERT_EQ(resolves.size(), 1u);
  EXPECT_EQ(resolves[0].job, job);
}

TEST_F(Workers, a_broken_stream_is_charged_to_what_ran) {
  make(workers(1));
  scheduler->add(isolated(4), 4, Input::ends);
  pump();
  begin(0);
  scheduler->stop(0, StopReason::unreadable, now);
  EXPECT_EQ(kinds(drain()), std::vector{Kind::stop});
  die(0);
  EXPECT_EQ(of(Kind::resolve, drain()).at(0).failure, ElementFailure::lost);
}

TEST_F(Workers, a_timeout_stops_the_worker_and_is_charged_to_the_element_that_ran) {
  make(workers(1));
  JobTraits traits = isolated(4);
  traits.timeout = milliseconds(50);
  scheduler->add(traits, 4, Input::ends);
  pump();
  begin(0);
  now += milliseconds(49);
  scheduler->tick(now, {{0, 1, now - milliseconds(49)}});
  EXPECT_TRUE(drain().empty());
  now += milliseconds(1);
  scheduler->tick(now, {{0, 1, now - milliseconds(50)}});
  EXPECT_EQ(of(Kind::stop, drain()).size(), 1u);
  die(0);
  EXPECT_EQ(of(Kind::resolve, drain()).at(0).failure, ElementFailure::timed_out);
}

TEST_F(Workers, an_element_that_began_after_the_timeout_struck_is_not_charged) {
  make(workers(1));
  JobTraits traits = isolated(4);
  traits.timeout = milliseconds(50);
  const JobId job = scheduler->add(traits, 4, Input::ends);
  pump();
  begin(0);
  now += milliseconds(50);
  scheduler->tick(now, {{0, 1, now - milliseconds(50)}});
  carry_out_questions();
  begin(0);
  tell(0, job, 0);
  drain();
  die(0);
  EXPECT_TRUE(drain().empty());
}

TEST_F(Workers, what_stands_behind_an_element_that_is_too_late_cannot_begin) {
  make(workers(1));
  JobTraits traits = isolated(4);
  traits.timeout = milliseconds(50);
  scheduler->add(traits, 4, Input::ends);
  pump();
  begin(0);
  now += milliseconds(50);
  scheduler->tick(now, {{0, 1, now - milliseconds(50)}});
  carry_out_questions();
  EXPECT_EQ(revoked, std::vector<WorkerId>{0});
  EXPECT_EQ(of(Kind::stop, drain()).size(), 1u);
}

// Between the look at the page and the signal; its successor would be killed and run twice.
TEST_F(Workers, an_element_that_has_just_ended_is_not_too_late) {
  make(workers(1));
  JobTraits traits = isolated(4);
  traits.timeout = milliseconds(50);
  const JobId job = scheduler->add(traits, 4, Input::ends);
  pump();
  begin(0, 2);
  now += milliseconds(50);
  scheduler->tick(now, {{0, 1, now - milliseconds(50)}});
  EXPECT_TRUE(of(Kind::stop, drain()).empty());
  EXPECT_EQ(tell(0, job, 0), Reception::wanted);
  EXPECT_EQ(tell(0, job, 1), Reception::wanted);
}

TEST_F(Workers, an_old_clock_does_not_time_out_an_element_that_has_just_been_sent) {
  make(workers(1));
  now += seconds(60);
  JobTraits traits = isolated();
  traits.timeout = milliseconds(50);
  scheduler->add(traits, 1, Input::ends);
  pump();
  begin(0);
  scheduler->tick(now, {{0, 1, Time{}}});
  EXPECT_TRUE(drain().empty());
}

TEST_F(Workers, a_timeout_is_that_of_the_job_that_runs) {
  make(workers(1));
  JobTraits timed = isolated(1);
  timed.timeout = milliseconds(1);
  timed.cost_key = 7;
  teach(7, Nanoseconds(10));
  scheduler->add(timed, 1, Input::ends);
  JobTraits patient = isolated(1);
  patient.cost_key = 7;
  scheduler->add(patient, 1, Input::ends);
  ASSERT_EQ(of(Kind::send, pump()).size(), 2u);
  begin(0, 2);
  now += milliseconds(10);
  scheduler->tick(now, {{0, begun_by(0), now - milliseconds(10)}});
  EXPECT_TRUE(drain().empty());
}

TEST_F(Workers, a_worker_leaves_after_its_share_of_elements) {
  SchedulerConfig config = workers(1);
  config.max_tasks = 3;
  make(config);
  const JobId job = scheduler->add(map(2), 5, Input::ends);
  EXPECT_EQ(of(Kind::send, pump()).at(0).assignment.count, 2u);
  tell(0, job, 0, 2);
  EXPECT_EQ(of(Kind::send, pump()).at(0).assignment.count, 1u);
  tell(0, job, 2);
  EXPECT_EQ(kinds(pump()), std::vector{Kind::leave});
  begin(0, 3);
  die(0);
  pump();
  come_up(0);
  EXPECT_EQ(of(Kind::send, pump()).at(0).assignment.first, 3u);
}

TEST_F(Workers, what_is_taken_back_does_not_count) {
  SchedulerConfig config = workers(1);
  config.max_tasks = 4;
  make(config);
  const JobId job = scheduler->add(map(4), 4, Input::ends);
  pump();
  begin(0);
  cancel(job, false);
  tell(0, job, 0);
  acknowledge(0);
  drain();
  scheduler->add(map(4), 4, Input::ends);
  EXPECT_EQ(of(Kind::send, pump()).at(0).assignment.count, 3u);
}

TEST_F(Workers, a_worker_that_starts_after_terminate_is_stopped) {
  make_cold(workers(1));
  scheduler->close(Closing::terminated, now);
  drain();
  scheduler->worker_event(0, WorkerEvent::started, now);
  EXPECT_EQ(kinds(drain()), std::vector{Kind::stop});
  scheduler->worker_event(0, WorkerEvent::ready, now);
  EXPECT_TRUE(pump().empty());
}

TEST_F(Workers, a_dead_worker_is_told_nothing) {
  make(workers(1));
  scheduler->add(map(1), 1, Input::ends);
  pump();
  begin(0);
  die(0);
  EXPECT_TRUE(of(Kind::forget, drain()).empty());
}

TEST_F(Workers, close_waits_for_starts_and_lets_them_leave) {
  make_cold(workers(1));
  scheduler->close(Closing::when_done, now);
  EXPECT_TRUE(pump().empty());
  EXPECT_FALSE(scheduler->view().pool().all_gone);
  come_up(0);
  EXPECT_EQ(kinds(pump()), std::vector{Kind::leave});
}

TEST_F(Workers, terminate_after_close_stops_those_that_leave) {
  make(workers(1));
  scheduler->close(Closing::when_done, now);
  EXPECT_EQ(kinds(pump()), std::vector{Kind::leave});
  scheduler->close(Closing::terminated, now);
  EXPECT_EQ(kinds(drain()), std::vector{Kind::stop});
}

TEST_F(Workers, a_limit_of_for_ever_is_never_due) {
  SchedulerConfig config = workers(1);
  config.start_timeout = Nanoseconds::max();
  make_cold(config);
  scheduler->worker_event(0, WorkerEvent::started, now);
  EXPECT_EQ(scheduler->view().next_tick(), std::nullopt);
  scheduler->worker_event(0, WorkerEvent::ready, now);
  JobTraits traits = single();
  traits.timeout = Nanoseconds::max();
  scheduler->add(traits, 1, Input::ends);
  pump();
  begin(0);
  EXPECT_EQ(scheduler->view().next_tick(), std::nullopt);
}

}  // namespace
}  // namespace brood::pool::workers_test

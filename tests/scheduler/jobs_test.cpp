#include "fixture.hpp"

namespace brood::pool::jobs_test {
namespace {

class Jobs : public SchedulerTest {
 protected:
  void expect_end(JobEnd end, const std::vector<Action>& actions) {
    const auto finishes = of(Kind::finish, actions);
    ASSERT_EQ(finishes.size(), 1u);
    EXPECT_EQ(finishes[0].end, end);
  }
};

TEST_F(Jobs, an_empty_job_is_complete_at_once) {
  make(workers(1));
  scheduler->add(map(), 0, Input::ends);
  EXPECT_EQ(kinds(drain()), (std::vector{Kind::finish, Kind::over}));
  EXPECT_TRUE(scheduler->view().pool().drained);
}

TEST_F(Jobs, finish_and_over_come_once_and_in_this_order) {
  make(workers(1));
  const JobId job = scheduler->add(single(), 1, Input::ends);
  pump();
  begin(0);
  EXPECT_EQ(tell(0, job, 0), Reception::wanted);
  EXPECT_EQ(kinds(drain()), (std::vector{Kind::finish, Kind::over}));
  EXPECT_TRUE(pump().empty());
}

TEST_F(Jobs, the_first_error_fails_a_job_and_its_other_elements_are_taken_back) {
  make(workers(1));
  const JobId job = scheduler->add(map(4), 4, Input::ends);
  pump();
  begin(0);
  tell(0, job, 0, 1, true);
  const auto actions = drain();
  expect_end(JobEnd::failed, actions);
  EXPECT_EQ(kinds(actions), (std::vector{Kind::finish, Kind::wake, Kind::forget, Kind::over}));
  EXPECT_TRUE(scheduler->view().pool().drained);
}

TEST_F(Jobs, an_error_of_an_isolated_job_is_one_outcome_of_many) {
  make(workers(1));
  const JobId job = scheduler->add(isolated(2), 2, Input::ends);
  pump();
  tell(0, job, 0, 1, true);
  EXPECT_TRUE(drain().empty());
  tell(0, job, 1);
  expect_end(JobEnd::complete, drain());
}

TEST_F(Jobs, outcomes_behind_the_first_error_are_not_wanted) {
  make(workers(1));
  const JobId job = scheduler->add(map(4), 4, Input::ends);
  pump();
  begin(0, 2);
  tell(0, job, 0, 1, true);
  EXPECT_TRUE(of(Kind::over, drain()).empty());
  EXPECT_EQ(tell(0, job, 1), Reception::unwanted);
  EXPECT_EQ(of(Kind::over, drain()).size(), 1u);
}

TEST_F(Jobs, a_slot_is_anothers_only_when_the_job_is_let_go) {
  make(workers(1));
  const JobId job = scheduler->add(single(), 1, Input::ends);
  pump();
  begin(0);
  tell(0, job, 0);
  EXPECT_NE(slot_of(scheduler->add(single(), 1, Input::ends)), slot_of(job));
  drain();
  EXPECT_EQ(slot_of(scheduler->add(single(), 1, Input::ends)), slot_of(job));
}

TEST_F(Jobs, outcomes_that_nobody_asked_for_are_nonsense) {
  make(workers(1));
  const JobId job = scheduler->add(map(2), 2, Input::ends);
  EXPECT_EQ(tell(0, job, 0), Reception::nonsense);
  pump();
  EXPECT_EQ(tell(0, job, 1), Reception::nonsense);
  EXPECT_EQ(tell(0, job, 0, 3), Reception::nonsense);
  EXPECT_EQ(tell(0, job + 1, 0), Reception::nonsense);
}

TEST_F(Jobs, draining_lets_what_runs_end_and_cancels_the_rest) {
  make(workers(1));
  const JobId running = scheduler->add(isolated(2), 4, Input::ends);
  const JobId alone = scheduler->add(single(), 1, Input::ends);
  pump();
  begin(0);
  scheduler->close(Closing::draining, now);
  auto finishes = of(Kind::finish, drain());
  ASSERT_EQ(finishes.size(), 1u);
  EXPECT_EQ(finishes[0].job, alone);
  EXPECT_EQ(tell(0, running, 0), Reception::wanted);
  finishes = of(Kind::finish, drain());
  ASSERT_EQ(finishes.size(), 1u);
  EXPECT_EQ(finishes[0].job, running);
  EXPECT_EQ(finishes[0].end, JobEnd::cancelled);
  EXPECT_TRUE(scheduler->view().pool().drained);
}

TEST_F(Jobs, what_dies_while_it_is_drained_is_not_tried_again) {
  make(workers(1));
  scheduler->add(isolated(0, 3), 1, Input::ends);
  pump();
  begin(0);
  scheduler->close(Closing::draining, now);
  die(0);
  EXPECT_EQ(of(Kind::resolve, drain()).size(), 1u);
  EXPECT_TRUE(scheduler->view().pool().drained);
}

TEST_F(Jobs, a_queued_job_is_cancelled) {
  make(workers(1));
  scheduler->add(single(), 1, Input::ends);
  const JobId queued = scheduler->add(single(), 1, Input::ends);
  pump();
  EXPECT_TRUE(cancel(queued, false));
  expect_end(JobEnd::cancelled, drain());
  EXPECT_FALSE(cancel(queued, false));
}

TEST_F(Jobs, an_element_that_is_sent_and_has_not_begun_is_cancelled) {
  make(workers(1));
  const JobId job = scheduler->add(single(), 1, Input::ends);
  pump();
  EXPECT_TRUE(cancel(job, false));
  expect_end(JobEnd::cancelled, drain());
  EXPECT_TRUE(scheduler->view().pool().drained);
}

TEST_F(Jobs, a_running_element_is_not_cancelled_unless_its_worker_may_be_stopped) {
  make(workers(1));
  const JobId job = scheduler->add(single(), 1, Input::ends);
  pump();
  begin(0);
  EXPECT_FALSE(cancel(job, false));
  EXPECT_TRUE(cancel(job, true));
  const auto actions = drain();
  expect_end(JobEnd::cancelled, actions);
  EXPECT_EQ(of(Kind::stop, actions).size(), 1u);
  die(0);
  EXPECT_EQ(kinds(drain()), std::vector{Kind::over});
}

TEST_F(Jobs, neighbours_of_a_cancelled_element_run_elsewhere_without_blame) {
  make(workers(1));
  const JobId victim = scheduler->add(map(1), 1, Input::ends);
  pump();
  begin(0);
  const JobId other = scheduler->add(single(), 1, Input::ends);
  EXPECT_TRUE(cancel(victim, true));
  drain();
  die(0);
  pump();
  come_up(0);
  const auto sends = of(Kind::send, pump());
  ASSERT_EQ(sends.size(), 1u);
  EXPECT_EQ(sends[0].job, other);
  EXPECT_EQ(sends[0].assignment.attempt, 1u);
}

TEST_F(Jobs, a_stream_is_served_as_it_grows_and_ends_when_it_is_sealed) {
  make(workers(1));
  const JobId job = scheduler->add(map(8), 0, Input::goes_on);
  EXPECT_TRUE(pump().empty());
  scheduler->extend(job, 2, Input::goes_on);
  EXPECT_EQ(of(Kind::send, pump()).at(0).assignment.count, 2u);
  tell(0, job, 0, 2);
  EXPECT_TRUE(drain().empty());
  scheduler->extend(job, 1, Input::goes_on);
  EXPECT_EQ(of(Kind::send, pump()).at(0).assignment.first, 2u);
  tell(0, job, 2);
  EXPECT_TRUE(drain().empty());
  scheduler->extend(job, 0, Input::ends);
  expect_end(JobEnd::complete, drain());
}

TEST_F(Jobs, a_chunk_never_spans_two_extensions) {
  make(workers(1));
  const JobId job = scheduler->add(map(8), 0, Input::goes_on);
  scheduler->extend(job, 2, Input::goes_on);
  scheduler->extend(job, 3, Input::ends);
  EXPECT_EQ(of(Kind::send, pump()).at(0).assignment.count, 2u);
}

TEST_F(Jobs, an_idle_stream_is_cancelled_and_extends_no_more) {
  make(workers(1));
  const JobId job = scheduler->add(map(), 0, Input::goes_on);
  EXPECT_TRUE(cancel(job, false));
  EXPECT_EQ(kinds(drain()), (std::vector{Kind::finish, Kind::over}));
  scheduler->extend(job, 5, Input::ends);
  EXPECT_TRUE(pump().empty());
}

TEST_F(Jobs, a_number_is_never_used_twice) {
  make(workers(1));
  const JobId first = scheduler->add(map(), 0, Input::ends);
  drain();
  const JobId second = scheduler->add(map(), 0, Input::ends);
  EXPECT_EQ(slot_of(first), slot_of(second));
  EXPECT_NE(first, second);
}

TEST_F(Jobs, terminate_finishes_every_job_as_cancelled_and_stops_every_worker) {
  make(workers(2));
  scheduler->add(map(2), 8, Input::ends);
  scheduler->add(map(), 0, Input::goes_on);
  pump();
  begin(0);
  scheduler->close(Closing::terminated, now);
  const auto actions = drain();
  ASSERT_EQ(of(Kind::finish, actions).size(), 2u);
  for (const Action& finish : of(Kind::finish, actions)) EXPECT_EQ(finish.end, JobEnd::cancelled);
  EXPECT_EQ(of(Kind::stop, actions).size(), 2u);
  die(0);
  die(1);
  EXPECT_TRUE(scheduler->view().pool().drained);
  EXPECT_TRUE(scheduler->view().pool().all_gone);
  EXPECT_TRUE(of(Kind::start, pump()).empty());
}

TEST_F(Jobs, close_lets_everything_run_and_workers_leave_afterwards) {
  make(workers(1));
  const JobId job = scheduler->add(map(1), 2, Input::ends);
  scheduler->close(Closing::when_done, now);
  EXPECT_EQ(kinds(pump()), std::vector{Kind::send});
  tell(0, job, 0);
  EXPECT_EQ(kinds(pump()), std::vector{Kind::send});
  tell(0, job, 1);
  EXPECT_EQ(of(Kind::leave, pump()).size(), 1u);
  die(0);
  EXPECT_TRUE(pump().empty());
  EXPECT_TRUE(scheduler->view().pool().all_gone);
}

JobTraits batch() {
  JobTraits traits;
  traits.self_contained = true;
  traits.fail_fast = false;
  traits.chunk = 10;
  return traits;
}

TEST_F(Jobs, a_pending_element_is_cancelled_alone_and_the_others_run_in_their_order) {
  make(workers(1));
  const JobId job = scheduler->add(batch(), 3, Input::ends);
  EXPECT_TRUE(cancel(job, 1, false));
  EXPECT_FALSE(cancel(job, 1, false));
  const auto first = of(Kind::send, pump());
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].assignment.first, 0u);
  EXPECT_EQ(first[0].assignment.count, 1u);
  tell(0, job, 0);
  const auto second = of(Kind::send, pump());
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].assignment.first, 2u);
  tell(0, job, 2);
  EXPECT_EQ(kinds(drain()), (std::vector{Kind::finish, Kind::over}));
}

TEST_F(Jobs, an_element_that_is_sent_and_has_not_begun_is_cancelled_alone) {
  make(workers(1));
  const JobId job = scheduler->add(batch(), 4, Input::ends);
  pump();
  begin(0);
  EXPECT_TRUE(cancel(job, 2, true));
  EXPECT_TRUE(of(Kind::stop, drain()).empty());
  tell(0, job, 0);
  acknowledge(0);
  const auto next = of(Kind::send, pump());
  ASSERT_EQ(next.size(), 1u);
  EXPECT_EQ(next[0].assignment.first, 1u);
  EXPECT_EQ(next[0].assignment.count, 1u);
}

TEST_F(Jobs, a_running_element_is_cancelled_alone_by_stopping_its_worker) {
  make(workers(1));
  const JobId job = scheduler->add(batch(), 4, Input::ends);
  pump();
  begin(0, 2);
  EXPECT_FALSE(cancel(job, 1, false));
  EXPECT_FALSE(cancel(job, 0, true));  // its result is on its way
  EXPECT_TRUE(cancel(job, 1, true));
  EXPECT_EQ(of(Kind::stop, drain()).size(), 1u);
  tell(0, job, 0);
  scheduler->worker_gone(0, 2, now);
  const auto actions = drain();
  ASSERT_EQ(of(Kind::resolve, actions).size(), 1u);
  EXPECT_EQ(of(Kind::resolve, actions)[0].first, 1u);
  EXPECT_EQ(of(Kind::resolve, actions)[0].failure, ElementFailure::cancelled);
  EXPECT_TRUE(scheduler->view().pool().backlog);
}

}  // namespace
}  // namespace brood::pool::jobs_test

#include <algorithm>
#include "fixture.hpp"

namespace brood::pool::attempts_test {
namespace {

/// Elements that end badly, and what they get.
class Attempts : public SchedulerTest {
 protected:
  static JobTraits trying(Retries retries, Nanoseconds delay = {}) {
    JobTraits traits = isolated();
    traits.retries = retries;
    traits.retry_delay = delay;
    return traits;
  }
  void come_back(WorkerId id) {
    pump();
    come_up(id);
  }
  /// The worker dies of the element that it runs; a new one takes its place.
  std::vector<Action> crash() {
    begin(0);
    die(0);
    const std::vector<Action> told = drain();
    come_back(0);
    return told;
  }
  std::vector<Action> time_out(Nanoseconds limit) {
    begin(0);
    now += limit;
    scheduler->tick(now, {{0, begun_by(0), Time{}}});
    EXPECT_EQ(of(Kind::stop, drain()).size(), 1u);
    die(0);
    const std::vector<Action> told = drain();
    come_back(0);
    return told;
  }
  Reception fail(JobId job, std::size_t index, bool retryable = true) {
    begin(0);
    return scheduler->outcomes(0, {job, index, 1, 0, true, retryable}, now);
  }
  /// What is sent now; one element is.
  Assignment next_sent() {
    const auto sends = of(Kind::send, pump());
    EXPECT_EQ(sends.size(), 1u);
    return sends.empty() ? Assignment{} : sends[0].assignment;
  }
};

TEST_F(Attempts, an_exception_is_an_outcome_unless_there_are_retries_for_it) {
  make(workers(1));
  const JobId job = scheduler->add(trying({.crashes = 3, .timeouts = 3}), 1, Input::ends);
  next_sent();
  EXPECT_EQ(fail(job, 0), Reception::wanted);
  EXPECT_EQ(of(Kind::over, drain()).size(), 1u);
}

TEST_F(Attempts, an_exception_is_tried_again_as_often_as_its_budget_says) {
  make(workers(1));
  const JobId job = scheduler->add(trying({.exceptions = 2}), 1, Input::ends);
  for (std::uint32_t attempt = 1; attempt <= 2; ++attempt) {
    EXPECT_EQ(next_sent().attempt, attempt);
    EXPECT_EQ(fail(job, 0), Reception::again);
  }
  EXPECT_EQ(next_sent().attempt, 3u);
  EXPECT_EQ(fail(job, 0), Reception::wanted);
  EXPECT_EQ(of(Kind::over, drain()).size(), 1u);
}

TEST_F(Attempts, an_exception_that_is_not_to_be_tried_again_is_an_outcome) {
  make(workers(1));
  const JobId job = scheduler->add(trying({.exceptions = 2}), 1, Input::ends);
  next_sent();
  EXPECT_EQ(fail(job, 0, false), Reception::wanted);
}

TEST_F(Attempts, crashes_timeouts_and_exceptions_are_counted_apart) {
  make(workers(1));
  JobTraits traits = trying({.crashes = 1, .timeouts = 1, .exceptions = 1});
  traits.timeout = milliseconds(50);
  const JobId job = scheduler->add(traits, 1, Input::ends);
  next_sent();
  EXPECT_EQ(of(Kind::again, crash()).size(), 1u);
  EXPECT_EQ(next_sent().attempt, 2u);
  EXPECT_EQ(of(Kind::again, time_out(milliseconds(50))).size(), 1u);
  EXPECT_EQ(next_sent().attempt, 3u);
  EXPECT_EQ(fail(job, 0), Reception::again);
  EXPECT_EQ(next_sent().attempt, 4u);
  const auto last = crash();
  EXPECT_TRUE(of(Kind::again, last).empty());
  ASSERT_EQ(of(Kind::resolve, last).size(), 1u);
  EXPECT_EQ(of(Kind::resolve, last)[0].failure, ElementFailure::lost);
}

TEST_F(Attempts, other_elements_of_the_chunk_run_on_while_one_waits_for_its_next_attempt) {
  make(workers(1));
  JobTraits traits = trying({.exceptions = 1}, seconds(1));
  traits.chunk = 3;
  const JobId job = scheduler->add(traits, 3, Input::ends);
  next_sent();
  EXPECT_EQ(fail(job, 0), Reception::again);
  tell(0, job, 1, 2);
  EXPECT_TRUE(of(Kind::finish, drain()).empty());
  EXPECT_TRUE(of(Kind::send, pump()).empty());
  now += seconds(1);
  EXPECT_EQ(next_sent().first, 0u);
  tell(0, job, 0);
  EXPECT_EQ(of(Kind::finish, drain()).size(), 1u);
}

TEST_F(Attempts, the_delay_doubles_and_is_what_the_next_tick_waits_for) {
  make(workers(1));
  const JobId job = scheduler->add(trying({.exceptions = 9}, milliseconds(10)), 1, Input::ends);
  Nanoseconds expected = milliseconds(10);
  for (int attempt = 1; attempt <= 9; ++attempt) {
    next_sent();
    EXPECT_EQ(fail(job, 0), Reception::again);
    EXPECT_TRUE(of(Kind::send, pump()).empty());
    EXPECT_EQ(scheduler->view().next_tick(), now + expected) << attempt;
    now += expected;
    expected = std::min<Nanoseconds>(expected * 2, milliseconds(640));
  }
}

TEST_F(Attempts, a_delay_without_end_is_one_of_centuries_and_not_one_of_the_past) {
  make(workers(1));
  const JobId job = scheduler->add(trying({.exceptions = 3}, Nanoseconds::max()), 1, Input::ends);
  next_sent();
  EXPECT_EQ(fail(job, 0), Reception::again);
  ASSERT_TRUE(scheduler->view().next_tick());
  EXPECT_GT(*scheduler->view().next_tick(), now + std::chrono::hours(24 * 365));
}

TEST_F(Attempts, a_job_whose_only_element_waits_for_its_next_attempt_can_be_cancelled) {
  make(workers(1));
  const JobId job = scheduler->add(trying({.exceptions = 1}, seconds(1)), 1, Input::ends);
  next_sent();
  fail(job, 0);
  EXPECT_TRUE(cancel(job, false));
  EXPECT_EQ(kinds(drain()), (std::vector{Kind::finish, Kind::forget, Kind::over}));
  now += seconds(1);
  EXPECT_TRUE(of(Kind::send, pump()).empty());
}

TEST_F(Attempts, an_element_that_waits_for_its_next_attempt_can_be_cancelled_alone) {
  make(workers(1));
  const JobId job = scheduler->add(trying({.exceptions = 1}, seconds(1)), 1, Input::ends);
  next_sent();
  fail(job, 0);
  EXPECT_TRUE(cancel(job, 0, false));
  EXPECT_EQ(of(Kind::over, drain()).size(), 1u);
  now += seconds(1);
  EXPECT_TRUE(of(Kind::send, pump()).empty());
}

TEST_F(Attempts, what_cannot_be_cancelled_any_more_has_its_last_attempt) {
  make(workers(1));
  const JobId whole = scheduler->add(trying({.crashes = 5, .exceptions = 5}), 1, Input::ends);
  next_sent();
  begin(0);
  EXPECT_FALSE(cancel(whole, false));
  EXPECT_EQ(scheduler->outcomes(0, {whole, 0, 1, 0, true, true}, now), Reception::wanted);
  EXPECT_EQ(of(Kind::over, drain()).size(), 1u);
  acknowledge(0);
  const JobId one = scheduler->add(trying({.crashes = 5}), 1, Input::ends);
  next_sent();
  begin(0);
  EXPECT_FALSE(cancel(one, 0, false));
  die(0);
  EXPECT_EQ(of(Kind::resolve, drain()).size(), 1u);
}

TEST_F(Attempts, a_closed_pool_waits_for_an_attempt_that_is_still_to_come) {
  make(workers(1));
  const JobId job = scheduler->add(trying({.exceptions = 1}, seconds(1)), 1, Input::ends);
  next_sent();
  fail(job, 0);
  scheduler->close(Closing::when_done, now);
  EXPECT_TRUE(of(Kind::leave, pump()).empty());
  now += seconds(1);
  next_sent();
  tell(0, job, 0);
  EXPECT_EQ(of(Kind::leave, pump()).size(), 1u);
}

TEST_F(Attempts, higher_priorities_are_served_first_and_equal_ones_in_their_order) {
  make(workers(1));
  const JobId running = scheduler->add(single(), 1, Input::ends);
  pump();
  JobTraits urgent = single(), idle = single();
  urgent.priority = 5;
  idle.priority = -5;
  std::vector<JobId> expected(6);
  expected[4] = scheduler->add(idle, 1, Input::ends);
  expected[2] = scheduler->add(single(), 1, Input::ends);
  expected[0] = scheduler->add(urgent, 1, Input::ends);
  expected[3] = scheduler->add(single(), 1, Input::ends);
  expected[1] = scheduler->add(urgent, 1, Input::ends);
  expected[5] = scheduler->add(idle, 1, Input::ends);
  tell(0, running, 0);
  std::vector<JobId> served;
  while (served.size() < expected.size()) {
    served.push_back(next_sent().job);
    tell(0, served.back(), 0);
  }
  EXPECT_EQ(served, expected);
}

TEST_F(Attempts, another_attempt_does_not_overtake_a_higher_priority) {
  make(workers(1));
  JobTraits low = trying({.exceptions = 1}), high = single();
  high.priority = 1;
  const JobId job = scheduler->add(low, 1, Input::ends);
  next_sent();
  const JobId urgent = scheduler->add(high, 1, Input::ends);
  EXPECT_EQ(fail(job, 0), Reception::again);
  EXPECT_EQ(next_sent().job, urgent);
}

}  // namespace
}  // namespace brood::pool::attempts_test

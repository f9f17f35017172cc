#include <algorithm>
#include "fixture.hpp"

// Workers that say of their time what is not so: the owner's clock decides.
namespace brood::pool::clock_test {
namespace {

constexpr Nanoseconds limit = milliseconds(50);
const SchedulerConfig defaults;

class Clock : public SchedulerTest {
 protected:
  static JobTraits timed(std::size_t chunk = 1) {
    JobTraits traits = isolated(chunk);
    traits.timeout = limit;
    return traits;
  }
  /// Looks at worker 0, whose page says this.
  std::vector<Action> look(std::uint64_t claimed, Time since = Time{}) {
    scheduler->tick(now, {{0, claimed, since}});
    return drain();
  }
  bool is_stopped(std::uint64_t claimed, Time since = Time{}) {
    return !of(Kind::stop, look(claimed, since)).empty();
  }
  /// What becomes of the elements of worker 0 when it dies now.
  std::vector<Action> outcomes_of_death(std::optional<std::uint64_t> claimed) {
    scheduler->worker_gone(0, claimed, now);
    return of(Kind::resolve, drain());
  }
  /// Looks whenever the scheduler wants to, at a page that says what `says` does; how long it takes
  /// until the worker is stopped.
  template <class Says>
  Nanoseconds time_to_stop(Says says) {
    const Time start = now;
    for (int looks = 0; looks < 20'000; ++looks) {
      const auto next = scheduler->view().next_tick();
      if (!next) return Nanoseconds::max();
      now = std::max(*next, now + milliseconds(1));
      const Running page = says();
      if (is_stopped(page.claimed, page.since)) return now - start;
      pump();
    }
    return Nanoseconds::max();
  }
};

TEST_F(Clock, a_clock_of_the_future_gives_no_time) {
  make(workers(1));
  scheduler->add(timed(), 1, Input::ends);
  pump();
  begin(0);
  EXPECT_FALSE(is_stopped(1, now + seconds(3600)));
  now += limit;
  EXPECT_TRUE(is_stopped(1, now + seconds(3600)));
  ASSERT_EQ(outcomes_of_death(1).size(), 1u);
}

TEST_F(Clock, a_clock_that_moves_on_gives_no_time) {
  make(workers(1));
  scheduler->add(timed(), 1, Input::ends);
  pump();
  begin(0);
  EXPECT_LE(time_to_stop([&] { return Running{0, 1, now}; }), 3 * limit);
}

TEST_F(Clock, an_honest_clock_is_believed) {
  make(workers(1));
  scheduler->add(timed(), 1, Input::ends);
  pump();
  now += limit / 2;
  begin(0);
  const Time begun = now;
  now += limit / 2;
  EXPECT_FALSE(is_stopped(1, begun));
  EXPECT_EQ(scheduler->view().next_tick(), begun + limit);
  now = begun + limit;
  EXPECT_TRUE(is_stopped(1, begun));
}

TEST_F(Clock, an_element_that_is_not_begun_stops_its_worker_and_goes_to_another_once) {
  make(workers(2));
  const JobId job = scheduler->add(timed(), 1, Input::ends);
  ASSERT_EQ(of(Kind::send, pump()).at(0).worker, 0u);
  const Nanoseconds first = time_to_stop([&] { return Running{0, 0, Time{}}; });
  EXPECT_GE(first, limit + defaults.begin_grace);
  EXPECT_LE(first, 2 * limit + defaults.begin_grace);
  EXPECT_TRUE(of(Kind::send, pump()).empty());  // not before this worker is dead
  EXPECT_TRUE(outcomes_of_death(0).empty());
  const auto again = of(Kind::send, pump());
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].worker, 1u);
  EXPECT_EQ(again[0].assignment.attempt, 1u);
  begin(1);
  EXPECT_EQ(tell(1, job, 0), Reception::wanted);
}

TEST_F(Clock, an_element_that_a_second_worker_does_not_begin_times_out) {
  make(workers(1));
  scheduler->add(timed(), 1, Input::ends);
  pump();
  time_to_stop([] { return Running{0, 0, Time{}}; });
  EXPECT_TRUE(outcomes_of_death(0).empty());
  pump();
  come_up(0);
  ASSERT_EQ(of(Kind::send, pump()).size(), 1u);
  const Nanoseconds second = time_to_stop([] { return Running{0, 0, Time{}}; });
  EXPECT_GE(second, limit + defaults.begin_grace * defaults.last_grace);
  EXPECT_LE(second, 2 * limit + defaults.begin_grace * defaults.last_grace);
  const auto ended = outcomes_of_death(0);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].failure, ElementFailure::timed_out);
}

TEST_F(Clock, what_stands_behind_an_element_that_is_not_begun_goes_elsewhere_uncharged) {
  make(workers(1));
  const JobId job = scheduler->add(timed(3), 3, Input::ends);
  pump();
  time_to_stop([] { return Running{0, 0, Time{}}; });
  EXPECT_TRUE(outcomes_of_death(0).empty());
  pump();
  come_up(0);
  EXPECT_EQ(of(Kind::send, pump()).at(0).assignment.first, 0u);
  begin(0);
  tell(0, job, 0);
  EXPECT_EQ(of(Kind::send, pump()).at(0).assignment.first, 1u);
}

TEST_F(Clock, an_element_that_begins_late_has_its_whole_time) {
  make(workers(1));
  scheduler->add(timed(), 1, Input::ends);
  pump();
  now += limit;
  EXPECT_FALSE(is_stopped(0));
  now += limit;
  EXPECT_FALSE(is_stopped(0));
  begin(0);
  const Time begun = now;
  now += limit - milliseconds(1);
  EXPECT_FALSE(is_stopped(1, begun));
  now += milliseconds(1);
  EXPECT_TRUE(is_stopped(1, begun));
  EXPECT_EQ(outcomes_of_death(1).at(0).failure, ElementFailure::timed_out);
}

// The revocation finds it begun.
TEST_F(Clock, an_element_that_has_just_begun_is_not_taken_for_one_that_has_not) {
  make(workers(1));
  scheduler->add(timed(), 1, Input::ends);
  pump();
  now += limit;
  EXPECT_FALSE(is_stopped(0));
  now += defaults.begin_grace;
  begin(0);
  EXPECT_FALSE(is_stopped(0));
  EXPECT_FALSE(is_stopped(1, now));
}

TEST_F(Clock, an_owner_that_was_stopped_itself_gives_time_from_its_first_look) {
  make(workers(1));
  scheduler->add(timed(), 1, Input::ends);
  pump();
  now += seconds(3600);
  EXPECT_FALSE(is_stopped(0));
  now += defaults.begin_grace - milliseconds(1);
  EXPECT_FALSE(is_stopped(0));
}

TEST_F(Clock, a_large_argument_may_take_time_to_be_read) {
  make(workers(1));
  JobTraits traits = timed();
  traits.element_bytes = std::size_t{800} << 20;
  scheduler->add(traits, 1, Input::ends);
  pump();
  EXPECT_GE(time_to_stop([] { return Running{0, 0, Time{}}; }), seconds(100));
}

TEST_F(Clock, a_claim_that_goes_back_is_taken_for_what_it_was) {
  make(workers(1));
  scheduler->add(timed(), 1, Input::ends);
  pump();
  begin(0);
  EXPECT_FALSE(is_stopped(1, now));
  now += limit;
  EXPECT_TRUE(is_stopped(0));
  EXPECT_EQ(outcomes_of_death(0).at(0).failure, ElementFailure::timed_out);
}

// A new claim has a new time; but what has ended must be told.
TEST_F(Clock, claims_that_move_on_without_outcomes_give_no_time_for_ever) {
  make(workers(1));
  scheduler->add(timed(1000), 1000, Input::ends);
  pump();
  std::uint64_t claimed = 0;
  const Nanoseconds time = time_to_stop([&] {
    if (claimed < 1000) begin(0), ++claimed;
    return Running{0, claimed, now};
  });
  EXPECT_LE(time, defaults.answer + 3 * limit);
  EXPECT_EQ(outcomes_of_death(claimed).size(), claimed);  // all that it says to have begun
}

TEST_F(Clock, the_elements_of_a_fold_may_take_what_they_may_take_together) {
  make(workers(1));
  JobTraits traits = timed(4);
  traits.folded = true;
  scheduler->add(traits, 4, Input::ends);
  pump();
  for (std::uint64_t claimed = 1; claimed <= 4; ++claimed) {
    begin(0);
    EXPECT_FALSE(is_stopped(claimed, now));
    now += limit - milliseconds(1);
  }
  EXPECT_FALSE(is_stopped(4, now - limit + milliseconds(1)));
  now += milliseconds(1);
  EXPECT_TRUE(is_stopped(4, now - limit));
}

TEST_F(Clock, a_fold_that_pretends_to_go_on_ends_too) {
  make(workers(1));
  JobTraits traits = timed(100'000);
  traits.folded = true;
  scheduler->add(traits, 100'000, Input::ends);
  pump();
  std::uint64_t claimed = 0;
  // Slower than the limit allows, and each time in the eleventh hour.
  const Nanoseconds time = time_to_stop([&] {
    ++claimed;
    begin(0);
    now += 2 * limit;
    return Running{0, claimed, now};
  });
  EXPECT_LE(time, 3 * defaults.begin_grace);
}

TEST_F(Clock, without_a_timeout_what_has_ended_must_be_told_too) {
  make(workers(1));
  scheduler->add(isolated(3), 3, Input::ends);
  pump();
  begin(0, 2);
  EXPECT_LE(time_to_stop([&] { return Running{0, 2, now}; }), defaults.answer + seconds(1));
  EXPECT_EQ(outcomes_of_death(2).size(), 2u);
}

TEST_F(Clock, a_revocation_that_is_not_seen_stops_the_worker) {
  make(workers(1));
  const JobId job = scheduler->add(isolated(2), 2, Input::ends);
  pump();
  cancel(job, false);
  pump();
  const Nanoseconds time = time_to_stop([] { return Running{0, 0, Time{}}; });
  EXPECT_GE(time, defaults.answer);
  EXPECT_LE(time, defaults.answer + seconds(1));
  EXPECT_TRUE(outcomes_of_death(0).empty());
}

TEST_F(Clock, a_revocation_is_seen_after_the_element_that_runs_however_long) {
  make(workers(1));
  const JobId job = scheduler->add(isolated(2), 2, Input::ends);
  pump();
  begin(0);
  cancel(job, false);
  pump();
  now += seconds(3600);
  EXPECT_FALSE(is_stopped(1));
  tell(0, job, 0);
  pump();
  EXPECT_FALSE(is_stopped(2));
  acknowledge(0);
}

TEST_F(Clock, an_acknowledgement_is_of_the_fence_and_of_it_only) {
  make(workers(1));
  EXPECT_FALSE(scheduler->revocation_done(0, 0));
  const JobId job = scheduler->add(isolated(4), 4, Input::ends);
  pump();
  EXPECT_FALSE(scheduler->revocation_done(0, 4));
  begin(0);
  cancel(job, false);
  drain();
  EXPECT_FALSE(scheduler->revocation_done(0, 4));  // the outcome of the first is missing
  tell(0, job, 0);
  for (const std::uint64_t fence : {0u, 1u, 3u, 5u})
    EXPECT_FALSE(scheduler->revocation_done(0, fence));
  EXPECT_TRUE(scheduler->revocation_done(0, 4));
  EXPECT_FALSE(scheduler->revocation_done(0, 4));
}

// Its page says that it has begun nothing: others could not run what stands behind.
TEST_F(Clock, a_worker_that_begins_nothing_does_not_keep_what_others_could_run) {
  make(workers(2));
  scheduler->add(isolated(3), 3, Input::ends);
  ASSERT_EQ(of(Kind::send, pump()).at(0).worker, 0u);
  EXPECT_TRUE(of(Kind::send, pump()).empty());
  now += defaults.begin_grace;
  const auto moved = of(Kind::send, pump());
  ASSERT_FALSE(moved.empty());
  EXPECT_EQ(moved[0].worker, 1u);
}

TEST_F(Clock, an_element_over_which_each_worker_dies_is_given_up_although_none_says_that_it_began) {
  make(workers(1));
  scheduler->add(isolated(), 1, Input::ends);
  for (std::uint32_t death = 1; death <= defaults.unbegun_deaths; ++death) {
    ASSERT_EQ(of(Kind::send, pump()).size(), 1u);
    const auto ended = outcomes_of_death(0);
    ASSERT_EQ(ended.size(), death == defaults.unbegun_deaths ? 1u : 0u) << death;
    pump();
    come_up(0);
  }
}

TEST_F(Clock, a_dead_worker_that_cannot_be_believed_is_charged_with_what_was_next) {
  make(workers(1));
  scheduler->add(isolated(4), 4, Input::ends);
  pump();
  const auto ended = outcomes_of_death(std::nullopt);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].first, 0u);
}

TEST_F(Clock, a_dead_worker_is_charged_with_what_it_was_seen_to_have_begun) {
  make(workers(1));
  scheduler->add(isolated(4), 4, Input::ends);
  pump();
  look(2);
  EXPECT_EQ(outcomes_of_death(0).size(), 2u);
}

TEST_F(Clock, an_outcome_of_no_element_is_nonsense) {
  make(workers(1));
  const JobId job = scheduler->add(isolated(4), 4, Input::ends);
  pump();
  EXPECT_EQ(tell(0, job, 0, 0), Reception::nonsense);
  EXPECT_EQ(tell(0, job, 0, 5), Reception::nonsense);
  EXPECT_EQ(tell(0, job, 1, 1), Reception::nonsense);
  EXPECT_EQ(tell(0, job + 1, 0, 1), Reception::nonsense);
}

// A mean of 2^64 ns would be no number.
TEST_F(Clock, no_element_has_taken_longer_than_its_worker_has_lived) {
  make(workers(1));
  JobTraits traits = isolated(1);
  traits.cost_key = 7;
  const JobId job = scheduler->add(traits, 2, Input::ends);
  pump();
  now += milliseconds(1);
  scheduler->outcomes(0, {job, 0, 1, ~std::uint64_t{0}, false}, now);
  JobTraits other = isolated();
  other.cost_key = 7;
  scheduler->add(other, 100, Input::ends);
  EXPECT_FALSE(of(Kind::send, pump()).empty());
}

TEST_F(Clock, a_time_for_which_the_owner_was_stopped_is_not_counted) {
  make(workers(1));
  scheduler->add(timed(), 1, Input::ends);
  pump();
  begin(0);
  const Time begun = now;
  now += limit / 2;
  EXPECT_FALSE(is_stopped(1, begun));
  now += 100 * limit;
  scheduler->skip(now, 100 * limit);
  EXPECT_FALSE(is_stopped(1, begun));
  EXPECT_EQ(scheduler->view().next_tick(), begun + 101 * limit);
  now = begun + 101 * limit;
  EXPECT_TRUE(is_stopped(1, begun));
}

TEST_F(Clock, an_element_that_began_while_the_owner_was_stopped_has_its_whole_time_from_there) {
  make(workers(1));
  scheduler->add(timed(), 1, Input::ends);
  pump();
  begin(0);
  now += 100 * limit;
  const Time begun = now - limit / 2;
  scheduler->skip(now, 100 * limit);
  EXPECT_FALSE(is_stopped(1, begun));
  now += limit - milliseconds(1);
  EXPECT_FALSE(is_stopped(1, begun));
  now += milliseconds(1);
  EXPECT_TRUE(is_stopped(1, begun));
}

TEST_F(Clock, a_stop_before_an_element_gives_it_no_time) {
  make(workers(1));
  scheduler->skip(now, 100 * limit);
  scheduler->add(timed(), 1, Input::ends);
  now += milliseconds(1);
  pump();
  begin(0);
  const Time begun = now;
  EXPECT_FALSE(is_stopped(1, begun));
  now += limit;
  EXPECT_TRUE(is_stopped(1, begun));
}

}  // namespace
}  // namespace brood::pool::clock_test

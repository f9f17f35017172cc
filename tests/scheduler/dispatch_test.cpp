#include "fixture.hpp"

namespace brood::pool::dispatch_test {
namespace {

class Dispatch : public SchedulerTest {};

TEST_F(Dispatch, workers_are_started_at_the_first_pump) {
  EXPECT_EQ(of(Kind::start, make_cold(workers(3))).size(), 3u);
  EXPECT_TRUE(pump().empty());
}

TEST_F(Dispatch, jobs_are_served_in_the_order_they_came) {
  make(workers(1));
  const JobId first = scheduler->add(single(), 1, Input::ends);
  const JobId second = scheduler->add(single(), 1, Input::ends);
  const auto sends = of(Kind::send, pump());
  ASSERT_EQ(sends.size(), 1u);
  EXPECT_EQ(sends[0].job, first);
  EXPECT_TRUE(scheduler->view().pool().backlog);
  tell(0, first, 0);
  const auto next = of(Kind::send, pump());
  ASSERT_EQ(next.size(), 1u);
  EXPECT_EQ(next[0].job, second);
}

TEST_F(Dispatch, a_function_that_was_never_timed_gets_one_element_per_worker) {
  make(workers(3));
  scheduler->add(map(), 100, Input::ends);
  const auto sends = of(Kind::send, pump());
  ASSERT_EQ(sends.size(), 3u);
  for (const Action& send : sends) EXPECT_EQ(send.assignment.count, 1u);
}

TEST_F(Dispatch, chunks_grow_by_at_most_four_times_the_largest_that_came_back) {
  make(workers(1));
  teach(7, Nanoseconds(10));
  JobTraits traits = map();
  traits.cost_key = 7;
  scheduler->add(traits, 100'000, Input::ends);
  const auto sends = of(Kind::send, pump());
  ASSERT_FALSE(sends.empty());
  EXPECT_EQ(sends[0].assignment.count, 4u);
}

TEST_F(Dispatch, a_worker_is_topped_up_to_two_milliseconds_of_work) {
  make(workers(1));
  teach(7, milliseconds(1));
  JobTraits traits = map();
  traits.cost_key = 7;
  scheduler->add(traits, 1000, Input::ends);
  std::size_t sent = 0;
  for (const Action& send : of(Kind::send, pump())) sent += send.assignment.count;
  EXPECT_EQ(sent, 2u);
}

TEST_F(Dispatch, a_chunk_is_bounded_by_its_bytes) {
  SchedulerConfig config = workers(1);
  config.chunk_bytes = 100;
  make(config);
  teach(7, Nanoseconds(10));
  JobTraits traits = map();
  traits.cost_key = 7;
  traits.element_bytes = 50;
  scheduler->add(traits, 1000, Input::ends);
  for (const Action& send : of(Kind::send, pump())) EXPECT_LE(send.assignment.count, 2u);
}

TEST_F(Dispatch, a_queue_is_bounded_by_bytes_and_by_assignments) {
  SchedulerConfig config = workers(1);
  config.queue_bytes = 100;
  config.queue_elements = 3;
  make(config);
  teach(7, Nanoseconds(10));
  JobTraits large = map(1);
  large.cost_key = 7;
  large.element_bytes = 60;
  scheduler->add(large, 10, Input::ends);
  EXPECT_EQ(of(Kind::send, pump()).size(), 2u);
}

TEST_F(Dispatch, many_singles_are_bounded_by_their_number) {
  SchedulerConfig config = workers(1);
  config.queue_elements = 3;
  make(config);
  teach(7, Nanoseconds(10));
  JobTraits traits = single();
  traits.cost_key = 7;
  for (int i = 0; i < 10; ++i) scheduler->add(traits, 1, Input::ends);
  EXPECT_EQ(of(Kind::send, pump()).size(), 3u);
}

TEST_F(Dispatch, the_chunk_that_the_user_asks_for_is_kept) {
  make(workers(2));
  scheduler->add(map(16), 40, Input::ends);
  const auto sends = of(Kind::send, pump());
  ASSERT_EQ(sends.size(), 2u);
  EXPECT_EQ(sends[0].assignment.count, 16u);
  EXPECT_EQ(sends[1].assignment.first, 16u);
}

TEST_F(Dispatch, a_job_is_defined_once_in_each_worker_and_forgotten_when_it_is_over) {
  make(workers(1));
  const JobId job = scheduler->add(map(1), 2, Input::ends);
  auto sends = of(Kind::send, pump());
  EXPECT_TRUE(sends.at(0).assignment.define);
  tell(0, job, 0);
  sends = of(Kind::send, pump());
  EXPECT_FALSE(sends.at(0).assignment.define);
  tell(0, job, 1);
  EXPECT_EQ(kinds(drain()), (std::vector{Kind::finish, Kind::forget, Kind::over}));
}

TEST_F(Dispatch, an_idle_worker_shares_what_a_busy_one_has_not_begun) {
  make(workers(2));
  const JobId other = scheduler->add(single(), 1, Input::ends);
  ASSERT_EQ(of(Kind::send, pump()).at(0).worker, 0u);
  const JobId job = scheduler->add(map(10), 10, Input::ends);
  ASSERT_EQ(of(Kind::send, pump()).at(0).worker, 1u);
  begin(1, 3);
  begin(0);
  tell(0, other, 0);
  now += milliseconds(3);
  const auto actions = pump();
  EXPECT_EQ(revoked, std::vector<WorkerId>{1});
  ASSERT_EQ(of(Kind::wake, actions).size(), 1u);
  const auto sends = of(Kind::send, actions);
  ASSERT_EQ(sends.size(), 1u);
  EXPECT_EQ(sends[0].worker, 0u);
  EXPECT_EQ(sends[0].assignment.first, 3u);
  EXPECT_EQ(sends[0].assignment.count, 7u);
  EXPECT_EQ(sends[0].job, job);
}

TEST_F(Dispatch, balance_takes_nothing_from_a_worker_that_has_begun_nothing) {
  make(workers(2));
  const JobId other = scheduler->add(single(), 1, Input::ends);
  pump();
  scheduler->add(map(10), 10, Input::ends);
  pump();
  begin(0);
  tell(0, other, 0);
  now += milliseconds(3);
  EXPECT_TRUE(of(Kind::wake, pump()).empty());
  begin(1);
  EXPECT_EQ(of(Kind::wake, pump()).size(), 1u);
}

TEST_F(Dispatch, a_revoked_worker_gets_nothing_before_it_has_acknowledged) {
  make(workers(1));
  const JobId job = scheduler->add(map(4), 4, Input::ends);
  pump();
  begin(0);
  EXPECT_TRUE(cancel(job, false));
  scheduler->add(single(), 1, Input::ends);
  EXPECT_TRUE(of(Kind::send, pump()).empty());
  tell(0, job, 0);
  EXPECT_TRUE(of(Kind::send, pump()).empty());
  acknowledge(0);
  const auto sends = of(Kind::send, pump());
  ASSERT_EQ(sends.size(), 1u);
  EXPECT_EQ(sends[0].assignment.sequence, 4u);  // behind the fence
}

TEST_F(Dispatch, an_idle_worker_is_borrowed_by_a_caller_and_used_again_afterwards) {
  make(workers(1));
  scheduler->worker_event(0, WorkerEvent::borrowable, now);
  const JobId job = scheduler->add(single(), 1, Input::ends);
  const auto assignment = scheduler->borrow(job, now);
  ASSERT_TRUE(assignment);
  EXPECT_EQ(assignment->job, job);
  EXPECT_FALSE(scheduler->view().pool().wants_pump);
  const JobId next = scheduler->add(single(), 1, Input::ends);
  EXPECT_FALSE(scheduler->borrow(next, now));
  EXPECT_TRUE(of(Kind::send, pump()).empty());
  tell(0, job, 0);
  EXPECT_TRUE(of(Kind::send, pump()).empty());
  scheduler->worker_event(0, WorkerEvent::given_back, now);
  EXPECT_EQ(of(Kind::send, pump()).at(0).job, next);
}

TEST_F(Dispatch, no_worker_is_borrowed_while_others_wait_or_its_pipes_are_watched) {
  make(workers(1));
  const JobId job = scheduler->add(single(), 1, Input::ends);
  EXPECT_FALSE(scheduler->borrow(job, now));
  scheduler->worker_event(0, WorkerEvent::borrowable, now);
  const JobId late = scheduler->add(single(), 1, Input::ends);
  EXPECT_FALSE(scheduler->borrow(late, now));
}

/// Has each of the workers run the first of the elements that it holds of a long map.
class Urgent : public SchedulerTest {
 protected:
  void fill(std::uint32_t count) {
    make(workers(count));
    teach(1, std::chrono::microseconds(20));
    JobTraits traits = map(20);
    traits.cost_key = 1;
    usual = scheduler->add(traits, 1000, Input::ends);
    pump();
    for (WorkerId id = 0; id < count; ++id) begin(id);
  }
  JobId add(int priority) {
    JobTraits traits = single();
    traits.cost_key = 1;
    traits.priority = priority;
    return scheduler->add(traits, 1, Input::ends);
  }
  JobId usual = 0;
};

TEST_F(Urgent, a_call_takes_the_place_of_what_a_worker_has_not_begun) {
  fill(1);
  const JobId urgent = add(1);
  EXPECT_TRUE(of(Kind::send, pump()).empty());
  EXPECT_EQ(revoked, std::vector<WorkerId>{0});
  tell(0, usual, 0);
  acknowledge(0);
  const auto sends = of(Kind::send, pump());
  ASSERT_EQ(sends.size(), 1U);  // behind it nothing waits that is less urgent
  EXPECT_EQ(sends[0].job, urgent);
  begin(0);
  tell(0, urgent, 0);
  const auto others = of(Kind::send, pump());
  ASSERT_FALSE(others.empty());
  EXPECT_EQ(others[0].job, usual);
  EXPECT_EQ(others[0].assignment.first, 1U);
}

TEST_F(Urgent, a_call_does_not_wait_behind_the_little_that_a_worker_has) {
  fill(1);
  begin(0, 39);
  for (std::size_t first = 0; first < 40; first += 20) tell(0, usual, first, 20);
  begin(0);
  const JobId urgent = add(1);
  EXPECT_TRUE(of(Kind::send, pump()).empty());
  EXPECT_EQ(revoked, std::vector<WorkerId>{0});
  tell(0, usual, 40);
  acknowledge(0);
  const auto sends = of(Kind::send, pump());
  ASSERT_EQ(sends.size(), 1U);
  EXPECT_EQ(sends[0].job, urgent);
}

TEST_F(Urgent, a_less_urgent_call_does_not_wait_behind_others_in_a_worker) {
  fill(2);
  const JobId later = add(-1);
  for (const Action& action : of(Kind::send, pump())) EXPECT_NE(action.job, later);
  EXPECT_TRUE(revoked.empty());
}

TEST_F(Urgent, calls_take_the_queues_of_as_many_workers_as_they_are) {
  fill(4);
  add(1);
  pump();
  pump();
  EXPECT_EQ(revoked.size(), 1U);
  add(1);
  add(1);
  pump();
  EXPECT_EQ(revoked.size(), 3U);
}

TEST_F(Urgent, a_call_does_not_count_on_a_worker_whose_element_takes_long) {
  fill(2);
  for (std::size_t i = 0; i < 6; ++i) {
    now += milliseconds(25);
    tell(1, usual, 20 + i);
    begin(1);
  }
  pump();
  EXPECT_EQ(revoked, std::vector<WorkerId>{0});
  add(1);
  pump();
  EXPECT_EQ(revoked, (std::vector<WorkerId>{0, 1}));
}

TEST_F(Urgent, calls_take_nothing_from_what_is_as_urgent) {
  fill(2);
  add(0);
  add(-1);
  pump();
  EXPECT_TRUE(revoked.empty());
}

TEST_F(Dispatch, what_stands_behind_a_long_element_goes_to_another_worker_also_where_others_wait) {
  make(workers(2));
  teach(1, std::chrono::microseconds(10));
  JobTraits traits = single();
  traits.cost_key = 1;
  std::vector<JobId> quick;
  for (int i = 0; i < 4; ++i) quick.push_back(scheduler->add(traits, 1, Input::ends));
  std::map<JobId, WorkerId> has;
  for (const Action& action : of(Kind::send, pump())) has[action.job] = action.worker;
  ASSERT_EQ(has.size(), 4U);
  const WorkerId stuck = has[quick[0]], other = 1 - stuck;
  begin(stuck);  // and does not end
  const auto ends_all_of_other = [&] {
    for (const JobId job : quick) {
      if (has[job] == other) {
        begin(other);
        tell(other, job, 0);
      }
    }
  };
  ends_all_of_other();
  // A long map has the other worker meanwhile, and waits for more.
  const JobId wide = scheduler->add(map(1), 1000, Input::ends);
  std::size_t next = 0;
  for (const Action& action : of(Kind::send, pump())) {
    if (action.job == wide && action.worker == other) begin(other);
  }
  now += SchedulerConfig().stuck;
  scheduler->tick(now, {});
  pump();
  EXPECT_EQ(revoked, std::vector{stuck});
  tell(other, wide, next);
  const auto sends = of(Kind::send, pump());
  ASSERT_FALSE(sends.empty());
  EXPECT_NE(sends.front().job, wide);
  EXPECT_EQ(sends.front().worker, other);
}

}  // namespace
}  // namespace brood::pool::dispatch_test

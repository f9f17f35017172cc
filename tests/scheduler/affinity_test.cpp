#include "fixture.hpp"

namespace brood::pool {
namespace {

class Keys : public SchedulerTest {
 protected:
  static JobTraits with_key(std::uint64_t key) {
    JobTraits traits = single();
    traits.key = key;
    return traits;
  }
  /// Adds a call with this key; the worker that gets it, if one does now.
  std::optional<WorkerId> send(std::uint64_t key) {
    job_ = scheduler->add(with_key(key), 1, Input::ends);
    const auto sends = of(Kind::send, pump());
    return sends.empty() ? std::nullopt : std::optional(sends[0].worker);
  }
  /// The last call runs for `cost` in this worker, and is over.
  void run(WorkerId worker, Nanoseconds cost = milliseconds(1)) {
    begin(worker);
    now += cost;
    scheduler->outcomes(worker, {job_, 0, 1, static_cast<std::uint64_t>(cost.count()), false}, now);
    drain();
  }
  JobId job_ = 0;
};

TEST_F(Keys, keep_their_worker_and_are_spread) {
  make(workers(4));
  for (int round = 0; round < 3; ++round) {
    for (std::uint64_t key = 0; key < 4; ++key) {
      const auto worker = send(key);
      ASSERT_EQ(worker, std::optional(static_cast<WorkerId>(key)));
      run(*worker);
    }
  }
}

TEST_F(Keys, stay_with_the_worker_that_was_there_first) {
  make_cold(workers(4));
  come_up(2);
  const auto worker = send(1);
  ASSERT_EQ(worker, std::optional(WorkerId(2)));
  run(2);
  for (const WorkerId id : {0, 1, 3}) come_up(id);
  pump();
  EXPECT_EQ(send(1), std::optional(WorkerId(2)));
}

TEST_F(Keys, wait_for_a_worker_that_is_not_far_behind) {
  make(workers(2));
  for (int i = 0; i < 3; ++i) run(*send(0), milliseconds(50));
  ASSERT_EQ(send(0), std::optional(WorkerId(0)));
  begin(0);
  EXPECT_EQ(send(0), std::optional(WorkerId(0)));  // behind that, although another one is idle
  pump();
  EXPECT_TRUE(of(Kind::revoke, pump()).empty());
}

TEST_F(Keys, go_elsewhere_where_their_worker_is_busy_for_long) {
  make(workers(2));
  for (int i = 0; i < 3; ++i) run(*send(0), milliseconds(50));
  ASSERT_EQ(send(0), std::optional(WorkerId(0)));
  begin(0);
  now += milliseconds(60);
  EXPECT_EQ(send(0), std::optional(WorkerId(1)));
}

TEST_F(Keys, find_a_new_worker_when_theirs_is_gone) {
  make(workers(2));
  ASSERT_EQ(send(0), std::optional(WorkerId(0)));
  run(0);
  scheduler->worker_gone(0, 1, now);
  pump();
  EXPECT_EQ(send(0), std::optional(WorkerId(1)));
  run(1);
  come_up(0);
  pump();
  EXPECT_EQ(send(0), std::optional(WorkerId(1)));
}

TEST_F(Keys, are_known_when_a_caller_is_to_drive_a_worker) {
  make(workers(2));
  for (const WorkerId id : {0, 1}) scheduler->worker_event(id, WorkerEvent::borrowable, now);
  const JobId job = scheduler->add(with_key(1), 1, Input::ends);
  const auto borrowed = scheduler->borrow(job, now);
  ASSERT_TRUE(borrowed);
  EXPECT_EQ(borrowed->worker, 1u);
}

TEST_F(Keys, that_are_used_stay_known_whatever_others_come) {
  make(workers(2));
  ASSERT_EQ(send(1), std::optional(WorkerId(1)));
  run(1);
  scheduler->worker_event(1, WorkerEvent::exhausted, now);
  ASSERT_EQ(send(1), std::optional(WorkerId(0)));  // that is its home from now on
  run(0);
  scheduler->worker_gone(1, 1, now);
  pump();
  come_up(1);
  pump();
  for (std::uint64_t i = 0; i < 3 * Affinity::remembered; ++i) {
    const auto other = send(1000 + i);
    ASSERT_TRUE(other);
    run(*other, Nanoseconds(1));
    if (i % 1000 == 0) {
      ASSERT_EQ(send(1), std::optional(WorkerId(0))) << i;
      run(0, Nanoseconds(1));
    }
  }
}

}  // namespace
}  // namespace brood::pool

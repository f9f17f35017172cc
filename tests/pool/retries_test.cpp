#include <brood/this_task.hpp>

#include <map>

#include "pool/pool_fixture.hpp"
#include "victims/tasks.hpp"

namespace brood::testing::retries_test {
namespace {

class Retries : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Retries);

/// No type that Brood knows.
struct Unlucky {
  int code = 0;
};

int succeeds_at_attempt(int wanted) {
  if (this_task::attempt() < wanted) throw std::runtime_error("not yet");
  return this_task::attempt();
}
int dies_until_attempt(int wanted) {
  if (this_task::attempt() < wanted) victims::raise_signal(SIGKILL);
  return this_task::attempt();
}
int throws_code(const std::string& log, int code) {
  append_line(log, "run");
  throw Unlucky{code};
}
bool is_code_7(std::exception_ptr error) {
  try {
    std::rethrow_exception(error);
  } catch (const Unlucky& unlucky) {
    return unlucky.code == 7;
  }
}

TEST_P(Retries, are_none_after_an_exception_unless_asked_for) {
  Pool pool = make_pool(1);
  EXPECT_THROW(pool.with({.retries = 5}).apply(succeeds_at_attempt, 2), std::runtime_error);
}

TEST_P(Retries, run_again_what_threw_in_every_verb) {
  Pool pool = make_pool(2);
  const PoolCalls trying = pool.with({.exception_retries = 2});
  EXPECT_EQ(trying.apply(succeeds_at_attempt, 3), 3);
  EXPECT_EQ(trying.apply_async(succeeds_at_attempt, 3).get(), 3);
  EXPECT_EQ(trying.map(succeeds_at_attempt, {1, 2, 3, 2}), (std::vector{1, 2, 3, 2}));
  int sum = 0;
  for (const int x : trying.imap(succeeds_at_attempt, {3, 1, 2})) sum += x;
  EXPECT_EQ(sum, 6);
  EXPECT_EQ(trying.map_reduce(succeeds_at_attempt, {1, 2, 3}, std::plus<int>(), 0), 6);
  EXPECT_FALSE(trying.try_map(succeeds_at_attempt, {4})[0].has_value());
}

TEST_P(Retries, serve_each_of_many_calls_that_travel_together) {
  Pool pool = make_pool(2);
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < 500; ++i)
    results.push_back(
        pool.with({.exception_retries = 1}).apply_async(succeeds_at_attempt, 1 + i % 2));
  for (int i = 0; i < 500; ++i)
    EXPECT_EQ(results[static_cast<std::size_t>(i)].get(), 1 + i % 2) << i;
}

TEST_P(Retries, are_counted_apart_for_crashes_timeouts_and_exceptions) {
  Pool pool = make_pool(1);
  const auto goes_wrong_in_turn = []() -> int {
    switch (this_task::attempt()) {
      case 1:
        throw std::runtime_error("first");
      case 2:
        victims::raise_signal(SIGKILL);
        return 0;
      case 3:
        for (;;) ::pause();
      default:
        return this_task::attempt();
    }
  };
  const CallOptions options{.timeout = 200ms, .retries = 1, .exception_retries = 1};
  EXPECT_EQ(pool.with(options).apply(goes_wrong_in_turn), 4);
  const CallOptions no_timeout{
      .timeout = 200ms, .retries = 1, .timeout_retries = 0, .exception_retries = 1};
  EXPECT_THROW(pool.with(no_timeout).apply(goes_wrong_in_turn), TaskTimeout);
  const CallOptions no_crash{
      .timeout = 200ms, .retries = 1, .crash_retries = 0, .exception_retries = 1};
  EXPECT_THROW(pool.with(no_crash).apply(goes_wrong_in_turn), WorkerLost);
}

TEST_P(Retries, ask_a_predicate_that_sees_the_exception_itself) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  const auto runs = [&](int code) {
    const std::string log = scratch.path(std::to_string(code));
    const CallOptions options{.retries = 3, .retry_if = is_code_7};
    EXPECT_THROW(pool.with(options).apply(throws_code, log, code), TaskError);
    return lines_of(log).size();
  };
  EXPECT_EQ(runs(7), 4U);
  EXPECT_EQ(runs(8), 1U);
}

TEST_P(Retries, are_none_where_the_predicate_itself_fails) {
  Pool pool = make_pool(1);
  const auto throws = [](std::exception_ptr) -> bool { throw std::logic_error("asked"); };
  EXPECT_THROW(pool.with({.retries = 3, .retry_if = throws}).apply(succeeds_at_attempt, 2),
               std::runtime_error);
  const auto dies = [](std::exception_ptr) -> bool { return victims::raise_signal(SIGKILL) != 0; };
  EXPECT_THROW(pool.with({.crash_retries = 0, .exception_retries = 3, .retry_if = dies})
                   .apply(succeeds_at_attempt, 2),
               WorkerLost);
  EXPECT_EQ(pool.apply(square, 3), 9);
}

TEST_P(Retries, that_are_used_up_give_an_error_with_all_reports) {
  Pool pool = make_pool(2);
  const auto outcomes = pool.with({.retries = 2}).try_map(dies_until_attempt, {1, 100, 1, 3});
  EXPECT_EQ(outcomes[3].value(), 3);
  const auto lost = caught_in<WorkerLost>(outcomes[1].error());
  EXPECT_EQ(lost.attempt(), 3);
  ASSERT_EQ(lost.earlier_attempts().size(), 2U);
  for (const std::string& report : lost.earlier_attempts()) {
    EXPECT_TRUE(contains(report, "signal 9")) << report;
    EXPECT_TRUE(contains(report, "element 1")) << report;
    EXPECT_TRUE(contains(lost.what(), report)) << lost.what();
  }
  const auto error = caught<TaskError>(
      [&] { pool.with({.exception_retries = 1}).apply(throws_code, "/dev/null", 3); });
  EXPECT_EQ(error.attempt(), 2);
  ASSERT_EQ(error.earlier_attempts().size(), 1U);
  EXPECT_TRUE(contains(error.earlier_attempts()[0], "Unlucky"));
}

TEST_P(Retries, of_an_element_come_after_their_delay_while_the_others_run) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  const auto first_throws = [](const std::string& log, int x) {
    append_line(log, std::to_string(x));
    if (x == 0 && this_task::attempt() == 1) throw std::runtime_error("later");
    return x;
  };
  const std::string log = scratch.path("log");
  EXPECT_EQ(pool.with({.exception_retries = 1, .retry_delay = 300ms})
                .map(task(first_throws, log), {0, 1, 2}),
            (std::vector{0, 1, 2}));
  EXPECT_EQ(lines_of(log), (std::vector<std::string>{"0", "1", "2", "0"}));
}

TEST_P(Retries, that_are_still_to_come_are_cancelled) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  const auto fails = [](const std::string& path) {
    Mailbox::send(path, "ran");
    throw std::runtime_error("no");
  };
  auto result =
      pool.with({.exception_retries = 1, .retry_delay = 1h}).apply_async(fails, mailbox.path());
  EXPECT_EQ(mailbox.receive(), "ran");
  pool.apply(square, 1);  // behind it: its outcome has been told
  EXPECT_TRUE(result.cancel());
  EXPECT_THROW(result.get(), Cancelled);
}

TEST_P(Retries, out_of_range_are_usage_errors) {
  Pool pool = make_pool(1);
  EXPECT_THROW(pool.with({.crash_retries = -1}), UsageError);
  EXPECT_THROW(pool.with({.timeout_retries = -1}), UsageError);
  EXPECT_THROW(pool.with({.exception_retries = -1}), UsageError);
  EXPECT_THROW(pool.with({.retry_delay = 0s}), UsageError);
}

}  // namespace
}  // namespace brood::testing::retries_test

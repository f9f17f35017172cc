#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <numeric>
#include <stop_token>

#include <brood/process.hpp>
#include <brood/this_task.hpp>
#include "pool/pool_fixture.hpp"
#include "support/events.hpp"

namespace brood::testing::stop_token_test {
namespace {

using namespace std::chrono_literals;

class StopToken : public PoolTest {};
BROOD_FOR_EVERY_METHOD(StopToken);

// For ever, where it is not asked.
void wait_for_stop(const std::stop_token& token = this_task::stop_token()) {
  std::mutex mutex;
  std::condition_variable_any asked;
  std::unique_lock lock(mutex);
  asked.wait(lock, token, [] { return false; });
}

int process_here() { return ::getpid(); }

int listens_at_seven(int number) {
  if (number == 7) wait_for_stop();
  return number;
}

std::vector<int> first(int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

TEST_P(StopToken, is_requested_by_a_timeout_and_the_worker_stays) {
  Pool pool = make_pool(1);
  const int worker = pool.apply(process_here);
  const auto outcomes =
      pool.with({.timeout = 100ms, .chunk = 10}).try_map(listens_at_seven, first(10));
  for (int i = 0; i < 10; ++i) {
    if (i == 7) continue;
    ASSERT_TRUE(outcomes[static_cast<std::size_t>(i)]);
    EXPECT_EQ(*outcomes[static_cast<std::size_t>(i)], i);
  }
  const auto* const late = outcomes[7].error_as<TaskTimeout>();
  ASSERT_NE(late, nullptr);
  EXPECT_FALSE(late->worker_stopped());
  EXPECT_EQ(late->pid(), worker);
  EXPECT_EQ(pool.apply(process_here), worker);
}

void announce_and_wait(const std::string& begun) {
  const std::stop_token token = this_task::stop_token();
  Mailbox::send(begun, "begun");
  wait_for_stop(token);
}

TEST_P(StopToken, is_requested_where_a_call_is_cancelled_and_the_worker_stays) {
  const Scratch scratch;
  Mailbox begun(scratch.path("begun"));
  Pool pool = make_pool(1);
  const int worker = pool.apply(process_here);
  auto alone = pool.apply_async(announce_and_wait, begun.path());
  begun.receive();
  EXPECT_TRUE(alone.cancel(Kill::yes));
  EXPECT_THROW(alone.get(), Cancelled);
  EXPECT_EQ(pool.apply(process_here), worker);
  const std::vector<std::string> paths(4, begun.path());
  auto many = pool.with({.chunk = 2}).map_async(announce_and_wait, paths);
  begun.receive();
  EXPECT_TRUE(many.cancel(Kill::yes));
  EXPECT_THROW(many.get(), Cancelled);
  EXPECT_EQ(pool.apply(process_here), worker);
}

void asks_and_goes_on() {
  const std::stop_token token = this_task::stop_token();
  for (;;) ::pause();
}

TEST_P(StopToken, stops_the_worker_of_an_element_that_goes_on) {
  Pool pool = make_pool(1);
  const int worker = pool.apply(process_here);
  try {
    pool.with({.timeout = 50ms}).apply(asks_and_goes_on);
    FAIL();
  } catch (const TaskTimeout& late) {
    EXPECT_TRUE(late.worker_stopped());
  }
  EXPECT_NE(pool.apply(process_here), worker);
}

int stops_and_throws() {
  wait_for_stop();
  throw std::runtime_error("the model is half loaded");
}

TEST_P(StopToken, makes_an_element_that_throws_then_no_less_late) {
  Pool pool = make_pool(1);
  const int worker = pool.apply(process_here);
  EXPECT_THROW(pool.with({.timeout = 50ms}).apply(stops_and_throws), TaskTimeout);
  EXPECT_EQ(pool.apply(process_here), worker);
}

int slow_at_first() {
  if (this_task::attempt() == 1) wait_for_stop();
  return this_task::attempt();
}

TEST_P(StopToken, leaves_further_attempts) {
  Pool pool = make_pool(1);
  EXPECT_EQ(pool.with({.timeout = 100ms, .timeout_retries = 1}).apply(slow_at_first), 2);
}

// Each of its own element.
bool is_requested_late(int number) {
  const std::stop_token token = this_task::stop_token();
  if (number == 0) wait_for_stop();
  return number != 0 && token.stop_requested();
}

TEST_P(StopToken, of_the_next_element_is_another_one) {
  Pool pool = make_pool(1);
  const auto outcomes =
      pool.with({.timeout = 100ms, .chunk = 5}).try_map(is_requested_late, first(5));
  EXPECT_NE(outcomes[0].error_as<TaskTimeout>(), nullptr);
  for (std::size_t i = 1; i < 5; ++i) EXPECT_EQ(outcomes[i].value_or(true), false);
}

std::size_t sum_of_calls(int) {
  const std::stop_token one = this_task::stop_token(), same = this_task::stop_token();
  return one == same && one.stop_possible() && !one.stop_requested() ? 1 : 0;
}

TEST_P(StopToken, is_the_same_at_each_call_of_an_element_and_results_keep_their_places) {
  Pool pool = make_pool(2);
  const std::vector<std::size_t> all(500, 1);
  EXPECT_EQ(pool.map(sum_of_calls, first(500)), all);
  EXPECT_EQ(pool.with({.chunk = 50}).map(sum_of_calls, first(500)), all);
  EXPECT_EQ(pool.map_reduce(sum_of_calls, first(500), std::plus<std::size_t>(), std::size_t{0}),
            500u);
}

void notes_its_stop(const std::string& begun, const std::string& stopped) {
  const std::stop_callback note(this_task::stop_token(),
                                [&stopped] { Mailbox::send(stopped, "stopped"); });
  Mailbox::send(begun, "begun");
  wait_for_stop();
}

TEST_P(StopToken, is_requested_when_the_pool_is_terminated) {
  const Scratch scratch;
  Mailbox begun(scratch.path("begun")), stopped(scratch.path("stopped"));
  Pool pool = make_pool(2);
  auto first = pool.apply_async(notes_its_stop, begun.path(), stopped.path());
  auto second = pool.apply_async(notes_its_stop, begun.path(), stopped.path());
  for (int i = 0; i < 2; ++i) begun.receive();
  pool.terminate();
  EXPECT_THROW(first.get(), Cancelled);
  EXPECT_THROW(second.get(), Cancelled);
  for (int i = 0; i < 2; ++i) stopped.receive();
}

void own_a_pool(const std::string& method, const std::string& begun, const std::string& stopped) {
  Pool pool({.workers = 1, .start_method = method});
  pool.apply(notes_its_stop, begun, stopped);
}

TEST_P(StopToken, is_requested_when_the_owner_has_ended) {
  const Scratch scratch;
  Mailbox begun(scratch.path("begun")), stopped(scratch.path("stopped"));
  expect_orphans();
  Process owner({.start_method = GetParam()}, own_a_pool, std::string(GetParam()), begun.path(),
                stopped.path());
  owner.start();
  begun.receive();
  owner.kill();
  owner.join();
  stopped.receive();
}

TEST(NoTask, has_no_stop_token) { EXPECT_THROW(this_task::stop_token(), UsageError); }

}  // namespace
}  // namespace brood::testing::stop_token_test

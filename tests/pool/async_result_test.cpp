#include <atomic>
#include <coroutine>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "pool/pool_fixture.hpp"
#include "victims/tasks.hpp"

namespace brood::testing::async_result_test {
namespace {

class AsyncResultTest : public PoolTest {};
BROOD_FOR_EVERY_METHOD(AsyncResultTest);

int waits(const std::string& gate) {
  Gate::pass(gate);
  return 7;
}
int fails(int x) { throw std::invalid_argument(std::to_string(x)); }
int tells_and_waits(const std::string& mailbox, const std::string& gate) {
  Mailbox::send(mailbox, std::to_string(::getpid()));
  Gate::pass(gate);
  return 7;
}
void nothing() {}

TEST_P(AsyncResultTest, is_not_ready_before_the_task_is_done) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  AsyncResult<int> result = pool.apply_async(waits, gate.path());
  EXPECT_FALSE(result.ready());
  EXPECT_FALSE(result.wait_for(1ms));
  EXPECT_THROW(result.successful(), UsageError);
  EXPECT_THROW(result.get_for(1ms), TimeoutError);
  gate.open();
  EXPECT_EQ(result.get_for(patience), 7);
  EXPECT_TRUE(result.ready());
  EXPECT_TRUE(result.successful());
  EXPECT_TRUE(result.wait_for(0ms));
}

TEST_P(AsyncResultTest, get_gives_the_same_each_time) {
  Pool pool = make_pool(1);
  AsyncResult<int> good = pool.apply_async(square, 3);
  EXPECT_EQ(good.get(), 9);
  EXPECT_EQ(good.get(), 9);
  AsyncResult<int> bad = pool.apply_async(fails, 3);
  EXPECT_THROW(bad.get(), std::invalid_argument);
  EXPECT_THROW(bad.get(), std::invalid_argument);
  EXPECT_FALSE(bad.successful());
}

TEST_P(AsyncResultTest, is_waited_for_until_a_moment) {
  using Moment = std::chrono::steady_clock::time_point;
  Pool pool = make_pool(1);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  AsyncResult<int> result = pool.apply_async(waits, gate.path());
  EXPECT_FALSE(result.wait_until(Moment::min()));
  EXPECT_THROW(result.get_until(Moment::min()), TimeoutError);
  gate.open();
  EXPECT_EQ(result.get_until(Moment::max()), 7);
  EXPECT_TRUE(result.wait_until(Moment::min()));
}

TEST_P(AsyncResultTest, many_threads_may_wait_for_one) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  AsyncResult<int> result = pool.apply_async(waits, gate.path());
  std::atomic<int> sum = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { sum += result.get(); });
  gate.open();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sum, 8 * 7);
}

TEST_P(AsyncResultTest, can_be_moved_and_dropped) {
  Pool pool = make_pool(1);
  AsyncResult<int> first = pool.apply_async(square, 2);
  AsyncResult<int> second = std::move(first);
  EXPECT_EQ(second.get(), 4);
  second = pool.apply_async(square, 3);
  EXPECT_EQ(second.get(), 9);
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  pool.apply_async(Mailbox::send, mailbox.path(), "dropped, and yet run");
  EXPECT_EQ(mailbox.receive(), "dropped, and yet run");
}

TEST_P(AsyncResultTest, outlives_its_pool) {
  std::optional<AsyncResult<int>> done, never;
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  {
    Pool pool = make_pool(1);
    done = pool.apply_async(square, 6);
    done->wait();
    never = pool.apply_async(waits, gate.path());
  }
  EXPECT_EQ(done->get(), 36);
  EXPECT_THROW(never->get(), Cancelled);
  EXPECT_FALSE(never->cancel());
}

TEST_P(AsyncResultTest, a_result_comes_although_the_next_task_on_its_worker_runs_on) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  pool.apply(square, 1);
  AsyncResult<int> first = pool.apply_async(square, 5);
  AsyncResult<int> second = pool.apply_async(waits, gate.path());
  EXPECT_EQ(first.get_for(patience), 25);
  EXPECT_FALSE(second.ready());
  gate.open();
  EXPECT_EQ(second.get(), 7);
}

TEST_P(AsyncResultTest, calls_on_success_and_not_on_error) {
  Pool pool = make_pool(1);
  std::promise<int> value;
  std::atomic<int> errors = 0;
  std::thread::id where;
  AsyncResult<int> result = pool.apply_async(square, 4);
  result
      .on_success([&](const int& x) {
        where = std::this_thread::get_id();
        value.set_value(x);
      })
      .on_error([&](const std::exception_ptr&) { ++errors; });
  EXPECT_EQ(value.get_future().get(), 16);
  pool.close();
  pool.join();
  EXPECT_NE(where, std::this_thread::get_id());
  EXPECT_EQ(errors, 0);
}

TEST_P(AsyncResultTest, calls_on_error_and_not_on_success) {
  Pool pool = make_pool(1);
  std::promise<std::exception_ptr> error;
  std::atomic<int> successes = 0;
  AsyncResult<int> result = pool.apply_async(fails, 4);
  result.on_success([&](const int&) { ++successes; }).on_error([&](std::exception_ptr e) {
    error.set_value(std::move(e));
  });
  EXPECT_STREQ(caught_in<std::invalid_argument>(error.get_future().get()).what(), "4");
  pool.close();
  pool.join();
  EXPECT_EQ(successes, 0);
}

TEST_P(AsyncResultTest, calls_back_for_void_maps_and_ready_results) {
  Pool pool = make_pool(1);
  std::promise<void> empty;
  std::promise<std::size_t> many, late;
  pool.apply_async(nothing).on_success([&] { empty.set_value(); });
  empty.get_future().get();
  pool.map_async(square, std::vector{1, 2, 3}).on_success([&](const std::vector<int>& found) {
    many.set_value(found.size());
  });
  EXPECT_EQ(many.get_future().get(), 3U);
  AsyncResult<int> ready = pool.apply_async(square, 2);
  ready.wait();
  ready.on_success([&](int x) { late.set_value(static_cast<std::size_t>(x)); });
  EXPECT_EQ(late.get_future().get(), 4U);
}

TEST_P(AsyncResultTest, callbacks_may_own_what_can_only_be_moved) {
  Pool pool = make_pool(1);
  std::promise<int> promise;
  std::future<int> value = promise.get_future();
  pool.apply_async(square, 4).on_success(
      [p = std::move(promise)](int x) mutable { p.set_value(x); });
  EXPECT_EQ(value.get(), 16);
  std::promise<std::exception_ptr> failed;
  std::future<std::exception_ptr> error = failed.get_future();
  AsyncResult<int> result = pool.apply_async(fails, 4);
  result.wait();
  result.on_error(
      [p = std::move(failed)](std::exception_ptr e) mutable { p.set_value(std::move(e)); });
  caught_in<std::invalid_argument>(error.get());
}

// Under the core's lock, in the dispatcher, the pool could not be asked anything.
TEST_P(AsyncResultTest, what_a_callback_owns_is_destroyed_in_the_thread_that_called_it) {
  Pool pool = make_pool(2);
  std::atomic<int> destroyed = 0, elsewhere = 0;
  for (int i = 0; i < times(500, 100); ++i) {
    const auto called_in = std::make_shared<std::atomic<std::thread::id>>();
    const auto check = [&, called_in](int* number) {
      delete number;
      elsewhere += called_in->load() != std::this_thread::get_id();
      ++destroyed;
    };
    pool.apply_async(square, i).on_success(
        [owned = std::shared_ptr<int>(new int(i), check), called_in](int) {
          *called_in = std::this_thread::get_id();
        });
  }
  pool.close();
  pool.join();
  EXPECT_EQ(destroyed, times(500, 100));
  EXPECT_EQ(elsewhere, 0);
}

TEST_P(AsyncResultTest, callbacks_of_a_terminated_pool_get_cancelled) {
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  std::promise<std::exception_ptr> error;
  {
    Pool pool = make_pool(1);
    pool.apply_async(waits, gate.path()).on_error([&](std::exception_ptr e) {
      error.set_value(std::move(e));
    });
  }
  caught_in<Cancelled>(error.get_future().get());
}

TEST_P(AsyncResultTest, join_returns_after_the_last_callback) {
  Pool pool = make_pool(2);
  std::atomic<int> called = 0;
  for (int i = 0; i < 500; ++i) pool.apply_async(square, i).on_success([&](int) { ++called; });
  pool.close();
  pool.join();
  EXPECT_EQ(called, 500);
}

TEST_P(AsyncResultTest, join_in_several_threads_waits_for_the_last_callback_in_each) {
  Pool pool = make_pool(2);
  std::atomic<int> calls = 0;
  for (int i = 0; i < 50; ++i) pool.apply_async(square, i).on_success([&](int) { ++calls; });
  pool.close();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      pool.join();
      EXPECT_EQ(calls, 50);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_P(AsyncResultTest, a_callback_may_use_the_pool) {
  Pool pool = make_pool(1);
  std::promise<int> value;
  pool.apply_async(square, 3).on_success([&](int x) { value.set_value(pool.apply(square, x)); });
  EXPECT_EQ(value.get_future().get(), 81);
}

struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};
Detached sum_of_two(Pool& pool, std::promise<int>& sum) {
  const int first = co_await pool.apply_async(square, 3);
  const int second = co_await pool.apply_async(square, 4);
  sum.set_value(first + second);
}
Detached what_fails_says(Pool& pool, std::promise<std::string>& text) {
  try {
    text.set_value(std::to_string(co_await pool.apply_async(fails, 11)));
  } catch (const std::invalid_argument& error) {
    text.set_value(error.what());
  }
}
Detached void_and_map(Pool& pool, std::promise<std::size_t>& count) {
  co_await pool.apply_async(nothing);
  const std::vector<int> inputs(2, 3);
  const std::vector<int> found = co_await pool.map_async(square, inputs);
  count.set_value(found.size());
}

TEST_P(AsyncResultTest, a_callback_may_hold_the_last_handle_of_the_pool) {
  std::promise<int> called;
  {
    auto pool = std::make_shared<Pool>(options(1));
    AsyncResult<int> result = pool->apply_async(square, 3);
    result.on_success([&called, pool](int x) { called.set_value(x); });
    result.wait();
  }
  EXPECT_EQ(called.get_future().get(), 9);
}

TEST_P(AsyncResultTest, can_be_awaited_in_a_coroutine) {
  Pool pool = make_pool(1);
  std::promise<int> sum;
  sum_of_two(pool, sum);
  EXPECT_EQ(sum.get_future().get(), 25);
  std::promise<std::string> text;
  what_fails_says(pool, text);
  EXPECT_EQ(text.get_future().get(), "11");
  std::promise<std::size_t> count;
  void_and_map(pool, count);
  EXPECT_EQ(count.get_future().get(), 2U);
}

TEST_P(AsyncResultTest, cancel_of_a_queued_task_keeps_it_from_running) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Gate gate(scratch.path("gate"));
  AsyncResult<int> running = pool.apply_async(tells_and_waits, mailbox.path(), gate.path());
  mailbox.receive();
  AsyncResult<void> queued = pool.apply_async(append_line, scratch.path("log"), "must not be");
  EXPECT_TRUE(queued.cancel());
  EXPECT_TRUE(queued.ready());
  EXPECT_THROW(queued.get(), Cancelled);
  EXPECT_FALSE(queued.successful());
  gate.open();
  EXPECT_EQ(running.get(), 7);
  EXPECT_EQ(pool.apply(square, 2), 4);
  EXPECT_TRUE(lines_of(scratch.path("log")).empty());
}

TEST_P(AsyncResultTest, cancel_of_a_running_task_lets_it_go_on) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Gate gate(scratch.path("gate"));
  AsyncResult<int> running = pool.apply_async(tells_and_waits, mailbox.path(), gate.path());
  mailbox.receive();
  EXPECT_FALSE(running.cancel());
  EXPECT_FALSE(running.ready());
  gate.open();
  EXPECT_EQ(running.get(), 7);
  EXPECT_FALSE(running.cancel());
  EXPECT_EQ(running.get(), 7);
}

TEST_P(AsyncResultTest, cancel_of_a_map_keeps_what_has_not_started_from_running) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Gate gate(scratch.path("gate"));
  auto result = pool.map_async(task(tells_and_waits, mailbox.path()),
                               std::vector<std::string>(10, gate.path()));
  mailbox.receive();
  EXPECT_TRUE(result.cancel());
  EXPECT_THROW(result.get_for(patience), Cancelled);
  gate.open();
  EXPECT_EQ(pool.apply(square, 2), 4);
}

TEST_P(AsyncResultTest, cancel_with_kill_stops_the_worker_and_the_next_task_runs) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  AsyncResult<int> result = pool.apply_async(victims::never_returns, mailbox.path());
  const Watched worker(std::stoi(mailbox.receive()));
  EXPECT_THROW(result.get_for(10ms), TimeoutError);
  EXPECT_TRUE(result.cancel(Kill::yes));
  EXPECT_THROW(result.get_for(patience), Cancelled);
  EXPECT_NE(pool.apply(pid_here), worker.pid());
  EXPECT_TRUE(worker.ends_within(patience));
}

TEST_P(AsyncResultTest, cancel_with_kill_costs_no_other_task) {
  Pool pool = make_pool(2);
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  AsyncResult<int> stuck = pool.apply_async(victims::never_returns, mailbox.path());
  mailbox.receive();
  std::vector<AsyncResult<int>> others;
  for (int i = 0; i < 100; ++i) others.push_back(pool.apply_async(square, i));
  EXPECT_TRUE(stuck.cancel(Kill::yes));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(others[static_cast<std::size_t>(i)].get(), i * i);
}

}  // namespace
}  // namespace brood::testing::async_result_test

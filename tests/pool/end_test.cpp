#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <random>
#include <thread>

#include "pool/infinite_input.hpp"
#include "pool/pool_fixture.hpp"
#include "victims/tasks.hpp"

namespace brood::testing::end_test {
namespace {

class End : public PoolTest {};
BROOD_FOR_EVERY_METHOD(End);

int waits(const std::string& gate) {
  Gate::pass(gate);
  return 7;
}
int tells_and_waits(const std::string& mailbox, const std::string& gate) {
  Mailbox::send(mailbox, std::to_string(::getpid()));
  Gate::pass(gate);
  return 7;
}
/// Whether `f` is over within a second (generously counted: the machine may be busy).
template <class F>
void expect_soon(F f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  EXPECT_LT(std::chrono::steady_clock::now() - start, patience);
}

TEST_P(End, close_lets_what_was_given_end) {
  Pool pool = make_pool(2);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < 10; ++i) results.push_back(pool.apply_async(waits, gate.path()));
  pool.close();
  gate.open();
  pool.join();
  for (AsyncResult<int>& result : results) {
    EXPECT_TRUE(result.ready());
    EXPECT_EQ(result.get(), 7);
  }
  EXPECT_TRUE(pool.workers().empty());
}

TEST_P(End, after_close_every_verb_throws_pool_closed) {
  Pool pool = make_pool(1);
  pool.close();
  const std::vector<int> some{1, 2};
  EXPECT_THROW(pool.apply(square, 1), PoolClosed);
  EXPECT_THROW(static_cast<void>(pool.apply_async(square, 1)), PoolClosed);
  EXPECT_THROW(pool.map(square, some), PoolClosed);
  EXPECT_THROW(static_cast<void>(pool.map_async(square, some)), PoolClosed);
  EXPECT_THROW(static_cast<void>(pool.imap(square, some)), PoolClosed);
  EXPECT_THROW(pool.try_map(square, some), PoolClosed);
  EXPECT_THROW(pool.for_each(square, some), PoolClosed);
  EXPECT_THROW(pool.map_reduce(square, some, std::plus<int>(), 0), PoolClosed);
  EXPECT_THROW(pool.map(square, std::vector<int>{}), PoolClosed);
  pool.join();
  EXPECT_TRUE(contains(caught<PoolClosed>([&] { pool.apply(square, 1); }).what(), "close"));
}

TEST_P(End, join_before_close_is_a_usage_error) {
  Pool pool = make_pool(1);
  const auto error = caught<UsageError>([&] { pool.join(); });
  EXPECT_TRUE(contains(error.what(), "close")) << error.what();
  EXPECT_THROW(pool.join_for(1ms), UsageError);
  EXPECT_EQ(pool.apply(square, 2), 4);
}

TEST_P(End, close_terminate_and_join_may_be_repeated) {
  Pool pool = make_pool(2);
  EXPECT_EQ(pool.apply(square, 2), 4);
  pool.close();
  pool.close();
  pool.join();
  pool.join();
  pool.terminate();
  pool.terminate();
  pool.close();
  pool.join();
  EXPECT_TRUE(pool.join_for(0ms));
}

TEST_P(End, join_for_says_whether_the_workers_are_gone) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  AsyncResult<int> result = pool.apply_async(waits, gate.path());
  pool.close();
  EXPECT_FALSE(pool.join_for(20ms));
  EXPECT_FALSE(pool.join_until(std::chrono::steady_clock::time_point::min()));
  gate.open();
  EXPECT_TRUE(pool.join_for(patience));
  EXPECT_EQ(result.get(), 7);
}

TEST_P(End, an_unused_pool_ends_in_every_way) {
  { Pool pool = make_pool(3); }
  {
    Pool pool = make_pool(3);
    pool.close();
  }
  {
    Pool pool = make_pool(3);
    pool.close();
    pool.join();
  }
  Pool pool = make_pool(3);
  pool.terminate();
  pool.join();
}

TEST_P(End, terminate_wakes_every_waiter_with_cancelled) {
  Pool pool = make_pool(2);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  Mailbox mailbox(scratch.path("mail"));
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < 6; ++i)
    results.push_back(pool.apply_async(tells_and_waits, mailbox.path(), gate.path()));
  mailbox.receive();
  mailbox.receive();  // two run, four wait
  InfiniteInput input;
  auto range = pool.imap(square, input);
  std::atomic<int> cancelled = 0;
  std::vector<std::thread> waiters;
  const auto wait = [&](auto get) {
    waiters.emplace_back([&cancelled, get] {
      try {
        get();
      } catch (const Cancelled&) {
        ++cancelled;
      }
    });
  };
  for (auto& result : results) wait([&result] { result.get(); });
  wait([&range] { range.next(); });
  expect_soon([&] {
    pool.terminate();
    for (std::thread& waiter : waiters) waiter.join();
    pool.join();
  });
  EXPECT_EQ(cancelled, 7);
}

TEST_P(End, terminate_resolves_results_before_it_returns) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  AsyncResult<int> running = pool.apply_async(waits, gate.path());
  auto mapped = pool.map_async(waits, std::vector<std::string>(5, gate.path()));
  pool.terminate();
  EXPECT_TRUE(running.ready());
  EXPECT_TRUE(mapped.ready());
  EXPECT_THROW(running.get(), Cancelled);
  EXPECT_THROW(mapped.get(), Cancelled);
  EXPECT_THROW(static_cast<void>(pool.apply_async(square, 1)), PoolClosed);
}

TEST_P(End, terminate_ends_a_blocking_call_of_another_thread) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Gate gate(scratch.path("gate"));
  std::thread terminator([&] {
    mailbox.receive();
    pool.terminate();
  });
  EXPECT_THROW(pool.apply(tells_and_waits, mailbox.path(), gate.path()), Cancelled);
  terminator.join();
}

TEST_P(End, terminate_ends_tasks_that_ignore_sigterm) {
  Pool pool = make_pool(2);
  AsyncResult<int> stubborn = pool.apply_async(victims::ignores_sigterm);
  pool.apply(square, 1);
  expect_soon([&] {
    pool.terminate();
    pool.join();
  });
  EXPECT_THROW(stubborn.get(), Cancelled);
}

TEST_P(End, terminate_ends_tasks_that_compute_for_ever) {
  Pool pool = make_pool(2);
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  AsyncResult<int> stuck = pool.apply_async(victims::never_returns, mailbox.path());
  mailbox.receive();
  expect_soon([&] {
    pool.terminate();
    pool.join();
  });
  EXPECT_THROW(stuck.get(), Cancelled);
}

TEST_P(End, close_and_join_with_large_results_in_flight_end) {
  Pool pool = make_pool(2);
  const auto large = [](int) { return std::string(1 << 20, 'x'); };
  auto result = pool.map_async(large, std::vector<int>(20, 0));
  pool.close();
  pool.join();
  EXPECT_EQ(result.get().size(), 20U);
}

TEST_P(End, terminate_with_large_results_in_flight_ends) {
  Pool pool = make_pool(2);
  const auto large = [](int) { return std::string(8 << 20, 'x'); };
  auto result = pool.map_async(large, std::vector<int>(20, 0));
  pool.terminate();
  pool.join();
  EXPECT_THROW(result.get(), Cancelled);
}

TEST_P(End, dropping_the_pool_resolves_everything) {
  std::vector<AsyncResult<int>> results;
  std::atomic<int> called_back = 0;
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  {
    PoolOptions with_replacement = options(1);
    with_replacement.max_tasks_per_worker = 1;
    Pool pool(with_replacement);
    for (int i = 0; i < 4; ++i) {
      results.push_back(pool.apply_async(waits, gate.path()));
      results.back().on_error([&](const std::exception_ptr&) { ++called_back; });
    }
  }
  for (AsyncResult<int>& result : results) EXPECT_THROW(result.get(), Cancelled);
  EXPECT_EQ(called_back, 4);
}

TEST_P(End, a_coroutine_and_waiters_of_many_results_wake_at_terminate) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < 15; ++i) results.push_back(pool.apply_async(waits, gate.path()));
  std::atomic<int> left = 15;
  std::promise<void> all;
  for (AsyncResult<int>& result : results)
    result.on_error([&](const std::exception_ptr&) {
      if (--left == 0) all.set_value();
    });
  pool.terminate();
  EXPECT_EQ(all.get_future().wait_for(patience), std::future_status::ready);
  for (AsyncResult<int>& result : results) EXPECT_TRUE(result.ready());
}

TEST_P(End, a_pool_may_be_used_and_ended_by_different_threads) {
  auto pool = std::make_unique<Pool>(options(2));
  std::thread user([&] { EXPECT_EQ(pool->apply(square, 3), 9); });
  user.join();
  std::thread ender([&] { pool.reset(); });
  ender.join();
}

TEST_P(End, workers_outlive_the_thread_that_made_the_pool) {
  std::unique_ptr<Pool> pool;
  std::thread maker([&] {
    pool = std::make_unique<Pool>(options(2));
    pool->apply(square, 1);
  });
  maker.join();
  const int pid = pool->workers().at(0).pid;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(pool->apply(square, i), i * i);
  EXPECT_EQ(pool->workers().at(0).pid, pid);
}

TEST_P(End, terminate_at_any_moment_ends_in_time) {
  std::mt19937 random(24);
  const int rounds = times(method() == "spawn" ? 60 : 200, 20);
  for (int round = 0; round < rounds; ++round) {
    Pool pool = make_pool(2);
    std::vector<AsyncResult<int>> results;
    const int load = static_cast<int>(random() % 2000);
    for (int i = 0; i < load; ++i) results.push_back(pool.apply_async(square, i));
    if (random() % 2 == 0 && load > 0) results[random() % results.size()].wait();
    expect_soon([&] {
      pool.terminate();
      pool.join();
    });
    for (AsyncResult<int>& result : results) ASSERT_TRUE(result.ready());
  }
}

TEST_P(End, terminate_from_four_threads_at_once) {
  for (int round = 0; round < 20; ++round) {
    Pool pool = make_pool(2);
    auto result = pool.map_async(square, std::vector<int>(5000, 2));
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        pool.terminate();
        pool.join();
      });
    for (std::thread& thread : threads) thread.join();
    EXPECT_TRUE(result.ready());
  }
}

TEST_P(End, submitting_while_another_thread_closes_gives_a_result_or_pool_closed) {
  for (int round = 0; round < times(20, 3); ++round) {
    Pool pool = make_pool(1);
    std::vector<AsyncResult<int>> results;
    std::thread submitter([&] {
      try {
        for (;;) results.push_back(pool.apply_async(square, 3));
      } catch (const PoolClosed&) {
      }
    });
    pool.apply(square, 1);
    pool.close();
    submitter.join();
    pool.join();
    for (AsyncResult<int>& result : results) ASSERT_EQ(result.get(), 9);
  }
}

}  // namespace
}  // namespace brood::testing::end_test

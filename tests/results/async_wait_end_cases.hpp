// How async_wait ends where something else does: tasks, contexts, pools. No #pragma once, as
// async_wait_cases.hpp, behind which a source includes this.

/// A handler that keeps what it was called with.
struct Called {
  std::optional<int> value;
  std::exception_ptr error;
  auto handler() {
    return [this](std::exception_ptr e, int x) {
      error = std::move(e);
      value = x;
    };
  }
};

TEST_F(BROOD_SUITE, cancels_a_running_task_by_terminal_cancellation) {
  Pool pool(1);
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  net::io_context io;
  net::cancellation_signal signal;
  Called called;
  brood::async_wait(
      pool.apply_async(victims::never_returns, mailbox.path()),
      net::bind_cancellation_slot(signal.slot(), net::bind_executor(io, called.handler())));
  mailbox.receive();
  signal.emit(net::cancellation_type::terminal);
  io.run();
  caught_in<Cancelled>(called.error);
  EXPECT_EQ(pool.apply(square, 3), 9);
  signal.emit(net::cancellation_type::terminal);  // the operation has left its slot
}

TEST_F(BROOD_SUITE, lets_a_running_task_go_on_by_other_cancellation) {
  Pool pool(1);
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Gate gate(scratch.path("gate"));
  net::io_context io;
  net::cancellation_signal of_running, of_queued;
  Called running, queued;
  brood::async_wait(
      pool.apply_async(tells_and_passes, mailbox.path(), gate.path()),
      net::bind_cancellation_slot(of_running.slot(), net::bind_executor(io, running.handler())));
  mailbox.receive();
  brood::async_wait(
      pool.apply_async(square, 3),
      net::bind_cancellation_slot(of_queued.slot(), net::bind_executor(io, queued.handler())));
  of_running.emit(net::cancellation_type::partial);
  of_queued.emit(net::cancellation_type::total);
  EXPECT_EQ(io.run_one(), 1U);
  caught_in<Cancelled>(queued.error);
  EXPECT_EQ(running.value, std::nullopt);
  gate.open();
  io.run();
  EXPECT_EQ(running.value, 7);
}

#if defined(ASIO_HAS_CO_AWAIT) || defined(BOOST_ASIO_HAS_CO_AWAIT)
net::awaitable<bool> in_time(Pool& pool, std::string mailbox) {
  using namespace net::experimental::awaitable_operators;
  net::steady_timer timer(co_await net::this_coro::executor, 1ms);
  const auto first =
      co_await (brood::async_wait(pool.apply_async(victims::never_returns, std::move(mailbox)),
                                  net::use_awaitable) ||
                timer.async_wait(net::use_awaitable));
  co_return first.index() == 0;
}

TEST_F(BROOD_SUITE, is_cancelled_by_the_operators_of_awaitables) {
  Pool pool(1);
  const Scratch scratch;
  const Mailbox mailbox(scratch.path("mail"));
  net::io_context io;
  std::future<bool> found = net::co_spawn(io, in_time(pool, mailbox.path()), net::use_future);
  io.run();
  EXPECT_FALSE(found.get());
  EXPECT_EQ(pool.apply(square, 3), 9);
}
#endif

TEST_F(BROOD_SUITE, loses_its_handler_with_the_context_and_lets_the_task_go_on) {
  Pool pool(1);
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Gate gate(scratch.path("gate"));
  const auto held = std::make_shared<int>(0);
  AsyncResult<int> last = [&] {
    net::io_context io;
    const auto never = [&] {
      return net::bind_executor(
          io, [held](const std::exception_ptr&, int) { ADD_FAILURE() << "the context is gone"; });
    };
    AsyncResult<int> ready = pool.apply_async(square, 1);
    ready.wait();
    brood::async_wait(std::move(ready), never());  // which waits for the context
    brood::async_wait(pool.apply_async(tells_and_passes, mailbox.path(), gate.path()), never());
    brood::async_wait(pool.apply_async(passes, gate.path()), never());
    return pool.apply_async(square, 3);
  }();
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(mailbox.receive(), "runs");
  EXPECT_FALSE(last.ready());
  gate.open();
  EXPECT_EQ(last.get(), 9);
}

TEST_F(BROOD_SUITE, lets_an_error_that_no_handler_took_be_reported) {
  std::atomic<int> reported = 0;
  Pool pool({.workers = 1, .on_unobserved_error = [&](const std::exception_ptr&) { ++reported; }});
  {
    net::io_context io;
    const auto ignores = [](const std::exception_ptr&, int) {};
    brood::async_wait(pool.apply_async(fails, 1), net::bind_executor(io, ignores));
    io.run();
    brood::async_wait(pool.apply_async(fails, 2), net::bind_executor(io, ignores));
  }
  pool.close();
  pool.join();
  EXPECT_EQ(reported, 1);
}

TEST_F(BROOD_SUITE, tells_of_tasks_that_end_with_their_pool) {
  net::io_context io;
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  Called called;
  {
    Pool pool(1);
    brood::async_wait(pool.apply_async(passes, gate.path()),
                      net::bind_executor(io, called.handler()));
  }
  io.run();
  caught_in<Cancelled>(called.error);
}

TEST_F(BROOD_SUITE, refuses_results_that_were_moved_from) {
  Pool pool(1);
  net::io_context io;
  const auto held = std::make_shared<int>(0);
  AsyncResult<int> result = pool.apply_async(square, 1);
  const AsyncResult<int> taken = std::move(result);
  EXPECT_THROW(brood::async_wait(std::move(result),
                                 net::bind_executor(io, [held](const std::exception_ptr&, int) {})),
               UsageError);
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(io.run(), 0U);
}

TEST_F(BROOD_SUITE, gives_a_forked_child_only_what_was_ready) {
  Pool pool(1);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  AsyncResult<int> ready = pool.apply_async(square, 3);
  ready.wait();
  AsyncResult<int> other = pool.apply_async(passes, gate.path());
  EXPECT_EQ(in_child([&] {
              net::io_context io, others;
              Called called;
              caught<UsageError>([&] {
                brood::async_wait(std::move(other), net::bind_executor(others, called.handler()));
              });
              brood::async_wait(std::move(ready), net::bind_executor(io, called.handler()));
              io.run();
              return called.value.value_or(0);
            }),
            9);
  gate.open();
  EXPECT_EQ(other.get(), 7);
}

// Tasks end while operations start, and while their context goes.
TEST_F(BROOD_SUITE, meets_ends_at_any_moment) {
  Pool pool(2);
  const auto held = std::make_shared<std::atomic<int>>(0);
  for (int round = 0; round < times(300, 60); ++round) {
    net::io_context io;
    const int count = 1 + round % 5;
    for (int i = 0; i < count; ++i) {
      brood::async_wait(
          pool.apply_async(square, i),
          net::bind_executor(io, [held](const std::exception_ptr&, int) { ++*held; }));
    }
    *held = 0;
    if (round % 2) {
      io.run();
      EXPECT_EQ(*held, count);
    }
  }
  EXPECT_EQ(held.use_count(), 1);
}

#include <future>
#include <stop_token>
#include <thread>

#include "pool/infinite_input.hpp"
#include "pool/pool_fixture.hpp"
#include "victims/tasks.hpp"

namespace brood::testing::stop_request_test {
namespace {

/// CallOptions::stop
class StopRequest : public PoolTest {};
BROOD_FOR_EVERY_METHOD(StopRequest);

TEST_P(StopRequest, ends_calls_that_wait_and_the_workers_that_run_them) {
  Pool pool = make_pool(2);
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  std::stop_source source;
  const CallOptions options{.stop = source.get_token()};
  auto map = std::async(std::launch::async, [&] {
    pool.with(options).map(victims::never_returns, std::vector<std::string>(9, mailbox.path()));
  });
  auto single = std::async(std::launch::async, [&] {
    pool.with(options).apply(victims::never_returns, mailbox.path());
  });
  const std::vector<Watched> running =
      watch({std::stoi(mailbox.receive()), std::stoi(mailbox.receive())});
  EXPECT_TRUE(source.request_stop());
  EXPECT_THROW(map.get(), Cancelled);
  EXPECT_THROW(single.get(), Cancelled);
  EXPECT_EQ(left_after(running, patience), std::vector<int>{});
  EXPECT_EQ(pool.apply(square, 3), 9);
}

TEST_P(StopRequest, made_before_the_call_lets_nothing_run) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  std::stop_source source;
  source.request_stop();
  const auto notes = [](const std::string& log) { append_line(log, "ran"); };
  const PoolCalls calls = pool.with({.stop = source.get_token()});
  // The workers are busy: what is cancelled at once has not begun.
  Gate gate(scratch.path("gate"));
  auto busy = pool.apply_async(Gate::pass, gate.path());
  EXPECT_THROW(calls.apply(notes, scratch.path("log")), Cancelled);
  EXPECT_THROW(calls.apply_async(notes, scratch.path("log")).get(), Cancelled);
  EXPECT_THROW(calls.for_each(notes, std::vector(3, scratch.path("log"))), Cancelled);
  gate.open();
  busy.get();
  EXPECT_EQ(lines_of(scratch.path("log")), std::vector<std::string>{});
}

TEST_P(StopRequest, made_after_the_end_changes_nothing) {
  Pool pool = make_pool(1);
  std::stop_source source;
  auto result = pool.with({.stop = source.get_token()}).apply_async(square, 4);
  EXPECT_EQ(result.get(), 16);
  source.request_stop();
  EXPECT_EQ(result.get(), 16);
}

TEST_P(StopRequest, ends_an_imap_over_endless_input) {
  Pool pool = make_pool(2);
  std::stop_source source;
  int count = 0;
  InfiniteInput endless;
  EXPECT_THROW(
      {
        for (const int x : pool.with({.stop = source.get_token()}).imap(square, endless)) {
          count += x == 49;
          if (x == 49) source.request_stop();
        }
      },
      Cancelled);
  EXPECT_EQ(count, 1);
}

TEST_P(StopRequest, may_come_from_a_callback_of_the_pool) {
  Pool pool = make_pool(2);
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  std::stop_source source;
  auto endless =
      pool.with({.stop = source.get_token()}).apply_async(victims::never_returns, mailbox.path());
  mailbox.receive();
  pool.apply_async(square, 2).on_success([&](int) { source.request_stop(); });
  EXPECT_THROW(endless.get_for(30s), Cancelled);
}

TEST_P(StopRequest, races_with_the_end_of_the_call) {
  Pool pool = make_pool(2);
  for (int i = 0; i < 50; ++i) {
    std::stop_source source;
    auto result = pool.with({.stop = source.get_token()}).apply_async(square, 5);
    std::jthread requester([&] { source.request_stop(); });
    try {
      EXPECT_EQ(result.get(), 25);
    } catch (const Cancelled&) {
    }
  }
  EXPECT_EQ(pool.apply(square, 5), 25);
}

}  // namespace
}  // namespace brood::testing::stop_request_test

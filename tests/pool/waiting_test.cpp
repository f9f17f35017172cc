#include <chrono>
#include <limits>
#include <thread>

#include "pool/pool_fixture.hpp"

// How long a caller may say that it wants to wait.
namespace brood::testing::waiting_test {
namespace {

class Waiting : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Waiting);

template <class Check>
void for_each_eternity(Check check) {
  check(std::chrono::nanoseconds::max());
  check(std::chrono::seconds::max());
  check(std::chrono::hours::max());
  check(std::chrono::duration<double>(std::numeric_limits<double>::infinity()));
  check(std::chrono::duration<float, std::ratio<31'556'952>>(1e9F));
}
int passes(const std::string& gate) {
  Gate::pass(gate);
  return 7;
}

TEST_P(Waiting, for_the_longest_duration_is_waiting_for_ever) {
  Pool pool = make_pool(1);
  for_each_eternity([&](auto eternity) {
    const Scratch scratch;
    Gate gate(scratch.path("gate"));
    const AsyncResult<int> result = pool.apply_async(passes, gate.path());
    std::thread opens([&] { gate.open(); });
    EXPECT_TRUE(result.wait_for(eternity));
    EXPECT_EQ(result.get_for(eternity), 7);
    opens.join();
    auto range = pool.imap(square, {3});
    EXPECT_EQ(range.next_for(eternity), 9);
  });
  pool.close();
  EXPECT_TRUE(pool.join_for(std::chrono::hours::max()));
}

TEST_P(Waiting, for_less_than_nothing_or_for_no_number_asks_whether_it_is_ready) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  const AsyncResult<int> result = pool.apply_async(passes, gate.path());
  EXPECT_FALSE(result.wait_for(-1h));
  EXPECT_FALSE(result.wait_for(std::chrono::hours::min()));
  EXPECT_FALSE(
      result.wait_for(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN())));
  EXPECT_THROW(result.get_for(-1s), TimeoutError);
  gate.open();
  EXPECT_TRUE(result.wait_for(patience));
  EXPECT_TRUE(result.wait_for(-1h));
}

TEST_P(Waiting, options_take_durations_of_any_unit) {
  PoolOptions made = options(1);
  made.start_timeout = std::chrono::hours::max();
  made.limits.cpu_time = std::chrono::hours::max();
  Pool pool(made);
  EXPECT_EQ(pool.with({.timeout = 60.5s}).apply(square, 3), 9);
  EXPECT_EQ(pool.with({.timeout = std::chrono::hours::max()}).apply(square, 3), 9);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  const auto error =
      caught<TaskTimeout>([&] { pool.with({.timeout = 0.125s}).apply(passes, gate.path()); });
  EXPECT_EQ(error.limit(), 125ms);
}

}  // namespace
}  // namespace brood::testing::waiting_test

#include <future>
#include <optional>
#include <thread>
#include <vector>

#include "pool/infinite_input.hpp"
#include "pool/pool_fixture.hpp"

// Streams whose pool is closed and joined before they have taken all of their input.
namespace brood::testing::imap_join_test {
namespace {

class ImapAndJoin : public PoolTest {};
BROOD_FOR_EVERY_METHOD(ImapAndJoin);

TEST_P(ImapAndJoin, that_is_not_read_does_not_keep_its_own_thread_in_join) {
  Pool pool = make_pool(2);
  auto results = pool.with({.window = 10}).imap(square, std::vector<int>(1000, 2));
  EXPECT_EQ(results.next(), 4);
  pool.close();
  pool.join();
  for (int i = 1; i < 10; ++i) EXPECT_EQ(results.next(), 4) << i;
  EXPECT_THROW(results.next(), PoolClosed);
  EXPECT_EQ(results.next(), std::nullopt);
}

TEST_P(ImapAndJoin, goes_on_after_close_and_while_another_thread_joins) {
  Pool pool = make_pool(2);
  auto results = pool.with({.window = 3}).imap(square, std::vector<int>(200, 2));
  EXPECT_EQ(results.next(), 4);
  pool.close();
  std::thread joiner([&] { pool.join(); });
  int count = 1;
  for (const int value : results) count += value / 4;
  joiner.join();
  EXPECT_EQ(count, 200);
}

TEST_P(ImapAndJoin, that_another_thread_reads_is_not_cut_short_by_the_thread_that_has_made_it) {
  Pool pool = make_pool(2);
  auto results = pool.with({.window = 3}).imap(square, std::vector<int>(2000, 2));
  std::promise<void> begun;
  int count = 0;
  std::thread reader([&] {
    for (const int value : results) {
      if (++count == 1) begun.set_value();
      EXPECT_EQ(value, 4);
    }
  });
  begun.get_future().wait();
  pool.close();
  pool.join();
  reader.join();
  EXPECT_EQ(count, 2000);
}

TEST_P(ImapAndJoin, of_a_thread_that_has_ended_does_not_keep_another_in_join) {
  Pool pool = make_pool(2);
  using Range = decltype(pool.imap(square, std::vector<int>()));
  std::optional<Range> results;
  std::thread maker(
      [&] { results.emplace(pool.with({.window = 3}).imap(square, std::vector<int>(200, 2))); });
  maker.join();
  pool.close();
  pool.join();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(results->next(), 4) << i;
  EXPECT_THROW(results->next(), PoolClosed);
}

TEST_P(ImapAndJoin, whose_reader_ends_while_another_thread_joins_does_not_keep_it) {
  Pool pool = make_pool(2);
  auto results = pool.with({.window = 3}).imap(square, std::vector<int>(200, 2));
  std::promise<void> read, joining;
  std::thread reader([&] {
    EXPECT_EQ(results.next(), 4);
    read.set_value();
    joining.get_future().wait();
  });
  read.get_future().wait();
  pool.close();
  EXPECT_FALSE(pool.join_for(20ms));
  joining.set_value();
  pool.join();
  reader.join();
}

TEST_P(ImapAndJoin, takes_nothing_from_its_input_once_its_pool_has_been_joined_or_terminated) {
  InfiniteInput joined_input, terminated_input;
  Pool joined = make_pool(1), terminated = make_pool(1);
  auto a = joined.with({.window = 5}).imap(square, joined_input);
  auto b = terminated.with({.window = 5}).imap(square, terminated_input);
  EXPECT_EQ(a.next(), 0);
  joined.close();
  joined.join();
  EXPECT_EQ(b.next(), 0);
  terminated.terminate();
  const int taken_from_a = joined_input.taken(), taken_from_b = terminated_input.taken();
  EXPECT_THROW(while (a.next()){}, PoolClosed);
  EXPECT_THROW(while (b.next()){}, Cancelled);
  EXPECT_EQ(joined_input.taken(), taken_from_a);
  EXPECT_EQ(terminated_input.taken(), taken_from_b);
}

TEST_P(ImapAndJoin, whose_own_input_joins_the_pool_says_so_behind_the_results_that_there_are) {
  Pool pool = make_pool(2);
  InfiniteInput input;
  input.call_at(20, [&pool] {
    pool.close();
    pool.join();
  });
  auto results = pool.with({.window = 5}).imap(square, input);
  int count = 0;
  EXPECT_THROW(
      while (const auto value = results.next()) {
        EXPECT_EQ(*value, count * count);
        ++count;
      },
      PoolClosed);
  EXPECT_GE(count, 15);
  EXPECT_LE(count, 20);
  EXPECT_EQ(results.next(), std::nullopt);
}

}  // namespace
}  // namespace brood::testing::imap_join_test

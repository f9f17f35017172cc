#include <algorithm>
#include <atomic>
#include <future>
#include <iterator>
#include <list>
#include <optional>
#include <ranges>
#include <set>
#include <sstream>
#include <thread>

#include "pool/infinite_input.hpp"
#include "pool/pool_fixture.hpp"
#include "support/views.hpp"

namespace brood::testing::imap_test {
namespace {

class Imap : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Imap);

int odd_throws(int x) {
  if (x % 2 == 1) throw std::domain_error(std::to_string(x));
  return x;
}
void nothing(int) {}

TEST_P(Imap, gives_results_in_input_order) {
  Pool pool = make_pool(2);
  const std::vector<int> inputs{5, 1, 4, 2, 3};
  std::vector<int> found;
  for (const int x : pool.imap(square, inputs)) found.push_back(x);
  EXPECT_EQ(found, (std::vector{25, 1, 16, 4, 9}));
}

TEST_P(Imap, unordered_gives_each_result_once) {
  Pool pool = make_pool(2);
  std::vector<int> inputs(1000);
  for (int i = 0; i < 1000; ++i) inputs[static_cast<std::size_t>(i)] = i;
  std::multiset<int> found;
  for (const int x : pool.imap_unordered([](int x) { return x; }, inputs)) found.insert(x);
  EXPECT_EQ(found, std::multiset<int>(inputs.begin(), inputs.end()));
}

TEST_P(Imap, unordered_gives_a_result_while_an_earlier_one_is_computed) {
  Pool pool = make_pool(2);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  const auto wait_if_named = [](const std::string& path) {
    if (!path.empty()) Gate::pass(path);
    return path.empty();
  };
  auto range = pool.imap_unordered(wait_if_named, std::vector<std::string>{gate.path(), ""});
  EXPECT_TRUE(range.next().value());
  gate.open();
  EXPECT_FALSE(range.next().value());
  EXPECT_FALSE(range.next().has_value());
}

TEST_P(Imap, ordered_waits_for_the_first_and_next_for_gives_up_in_time) {
  Pool pool = make_pool(2);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  const auto wait_if_named = [](const std::string& path) {
    if (!path.empty()) Gate::pass(path);
    return path.empty();
  };
  auto range = pool.imap(wait_if_named, std::vector<std::string>{gate.path(), ""});
  EXPECT_THROW(range.next_for(20ms), TimeoutError);
  EXPECT_THROW(range.next_until(std::chrono::steady_clock::time_point::min()), TimeoutError);
  EXPECT_THROW(range.next_outcome_until(std::chrono::steady_clock::time_point::min()),
               TimeoutError);
  EXPECT_THROW(range.next_outcome_for(0ms), TimeoutError);
  gate.open();
  EXPECT_FALSE(range.next().value());  // nothing was lost
  EXPECT_TRUE(range.next_for(patience).value());
  EXPECT_FALSE(range.next_for(patience).has_value());
}

TEST_P(Imap, works_on_an_infinite_input) {
  Pool pool = make_pool(2);
  InfiniteInput input;
  int expected = 0;
  for (const int x : pool.imap(square, input)) {
    EXPECT_EQ(x, expected * expected);
    if (++expected == 3000) break;
  }
  EXPECT_EQ(pool.apply(square, 2), 4);
}

TEST_P(Imap, takes_at_most_the_window_beyond_what_was_got) {
  Pool pool = make_pool(2);
  for (const bool ordered : {true, false}) {
    InfiniteInput input;
    auto calls = pool.with({.window = 10});
    auto range = ordered ? calls.imap(square, input) : calls.imap_unordered(square, input);
    EXPECT_LE(input.taken(), 10);
    for (int got = 1; got <= 200; ++got) {
      ASSERT_TRUE(range.next().has_value());
      ASSERT_LE(input.taken(), got + 10);
    }
  }
}

TEST_P(Imap, window_of_one_works) {
  Pool pool = make_pool(2);
  InfiniteInput input;
  auto range = pool.with({.window = 1}).imap(square, input);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(range.next().value(), i * i);
    EXPECT_LE(input.taken(), i + 2);
  }
}

TEST_P(Imap, error_of_an_element_comes_at_its_place_and_the_others_go_on) {
  Pool pool = make_pool(2);
  auto range = pool.imap(odd_throws, std::vector{0, 1, 2, 3, 4});
  EXPECT_EQ(range.next().value(), 0);
  EXPECT_STREQ(caught<std::domain_error>([&] { range.next(); }).what(), "1");
  EXPECT_EQ(range.next().value(), 2);
  EXPECT_THROW(range.next(), std::domain_error);
  EXPECT_EQ(range.next().value(), 4);
  EXPECT_FALSE(range.next().has_value());
}

TEST_P(Imap, iterator_throws_at_the_element_and_goes_on_behind_it) {
  Pool pool = make_pool(2);
  auto range = pool.imap(odd_throws, std::vector{0, 1, 2});
  auto position = range.begin();
  EXPECT_EQ(*position, 0);
  ++position;
  EXPECT_THROW(static_cast<void>(*position), std::domain_error);
  ++position;
  EXPECT_EQ(*position, 2);
  ++position;
  EXPECT_EQ(position, range.end());
}

TEST_P(Imap, exception_of_the_input_comes_after_the_results_before_it) {
  Pool pool = make_pool(2);
  InfiniteInput input;
  input.throw_at(3);
  auto range = pool.imap(square, input);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(range.next().value(), i * i);
  EXPECT_STREQ(caught<std::range_error>([&] { range.next(); }).what(), "the input is broken");
  EXPECT_FALSE(range.next().has_value());
  EXPECT_EQ(pool.apply(square, 3), 9);
}

TEST_P(Imap, dropping_the_range_early_cancels_the_rest) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  const auto count_and_wait = [](const std::string& log, const std::string& at) {
    append_line(log, "run");
    Gate::pass(at);
    return 0;
  };
  {
    const auto bound = task(count_and_wait, scratch.path("log"));
    auto range = pool.with({.chunk = 1}).imap(bound, std::vector<std::string>(100, gate.path()));
    EXPECT_THROW(range.next_for(1ms), TimeoutError);
  }
  gate.open();
  EXPECT_EQ(pool.apply(square, 4), 16);  // behind everything that was not cancelled
  EXPECT_LE(lines_of(scratch.path("log")).size(), 2U);
}

#ifndef BROOD_TESTS_WITHOUT_VIEWS
TEST_P(Imap, is_a_range_to_take_from) {
  Pool pool = make_pool(2);
  std::vector<int> found;
  for (const int x : pool.imap(square, std::views::iota(0)) | std::views::take(5))
    found.push_back(x);
  EXPECT_EQ(found, (std::vector{0, 1, 4, 9, 16}));
}
#endif

TEST_P(Imap, assigning_another_cancels_the_rest_of_what_was_there) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  const auto pass = [](const std::string& log, const std::string& at) {
    append_line(log, "run");
    if (!at.empty()) Gate::pass(at);
    return 1;
  };
  const auto bound = task(pass, scratch.path("log"));
  const PoolCalls calls = pool.with({.chunk = 1});
  auto range = calls.imap(bound, std::vector<std::string>(100, gate.path()));
  EXPECT_THROW(range.next_for(1ms), TimeoutError);
  range = calls.imap(bound, std::vector<std::string>(3));
  gate.open();
  int count = 0;
  while (range.next()) ++count;
  EXPECT_EQ(count, 3);
  EXPECT_LE(lines_of(scratch.path("log")).size(), 5U);
}

TEST_P(Imap, of_an_empty_input_ends_at_once) {
  Pool pool = make_pool(1);
  auto range = pool.imap(square, std::vector<int>{});
  EXPECT_FALSE(range.next().has_value());
  EXPECT_FALSE(range.next().has_value());
  auto unordered = pool.imap_unordered(square, std::list<int>{});
  EXPECT_EQ(unordered.begin(), unordered.end());
}

TEST_P(Imap, of_a_void_function_counts_its_elements) {
  Pool pool = make_pool(2);
  auto range = pool.imap(nothing, std::vector{1, 2, 3});
  int count = 0;
  while (range.next()) ++count;
  EXPECT_EQ(count, 3);
  count = 0;
  for ([[maybe_unused]] auto& unit : pool.imap_unordered(nothing, std::vector{1, 2})) ++count;
  EXPECT_EQ(count, 2);
}

#ifndef BROOD_TESTS_WITHOUT_VIEWS
TEST_P(Imap, of_strings_from_a_stream) {
  Pool pool = make_pool(2);
  std::istringstream text("one three five");
  std::vector<std::size_t> found;
  for (const std::size_t length : pool.imap([](const std::string& s) { return s.size(); },
                                            std::ranges::istream_view<std::string>(text)))
    found.push_back(length);
  EXPECT_EQ(found, (std::vector<std::size_t>{3, 5, 4}));
}
#endif

TEST_P(Imap, chunks_do_not_change_the_results) {
  Pool pool = make_pool(2);
  std::vector<int> inputs(100, 2);
  for (const std::size_t chunk : {1U, 7U, 100U, 1000U}) {
    std::size_t count = 0;
    for (const int x : pool.with({.chunk = chunk, .window = 30}).imap(square, inputs)) {
      EXPECT_EQ(x, 4);
      ++count;
    }
    EXPECT_EQ(count, inputs.size());
  }
}

TEST_P(Imap, two_ranges_at_once_share_the_pool) {
  Pool pool = make_pool(2);
  InfiniteInput first, second;
  auto a = pool.imap(square, first);
  auto b = pool.imap([](int x) { return -x; }, second);
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(a.next().value(), i * i);
    ASSERT_EQ(b.next().value(), -i);
  }
}

TEST_P(Imap, outlives_neither_close_nor_terminate_in_waiting) {
  Pool pool = make_pool(2);
  InfiniteInput input;
  auto range = pool.imap(square, input);
  EXPECT_EQ(range.next().value(), 0);
  pool.terminate();
  pool.join();
  EXPECT_THROW(
      {
        while (range.next()) {
        }
      },
      Cancelled);
}

TEST_P(Imap, after_close_goes_on_to_its_end) {
  Pool pool = make_pool(2);
  std::vector<int> inputs(1000, 3);
  auto range = pool.with({.window = 10}).imap(square, inputs);
  pool.close();
  std::size_t count = 0;
  while (range.next()) ++count;
  EXPECT_EQ(count, inputs.size());
  pool.join();
}

TEST_P(Imap, with_a_slow_consumer_needs_constant_memory) {
  Pool pool = make_pool(2);
  InfiniteInput input;
  const auto block = [](int) { return std::string(100'000, 'x'); };
  auto range = pool.with({.window = 16}).imap(block, input);
  for (int i = 0; i < 50; ++i) ASSERT_EQ(range.next()->size(), 100'000U);
  const std::size_t before = resident_of(::getpid());
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(range.next()->size(), 100'000U);
    ASSERT_LE(input.taken(), 50 + i + 1 + 16);
  }
  if (under_sanitizer) return;  // which gives freed memory back late
  const std::size_t after = resident_of(::getpid());
  EXPECT_LT(after, before + 2 * 16 * 100'000 + (4 << 20));
}

}  // namespace
}  // namespace brood::testing::imap_test

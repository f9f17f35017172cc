#include <algorithm>
#include <functional>
#include <numeric>
#include <thread>

#include "pool/pool_fixture.hpp"
#include "victims/tasks.hpp"

namespace brood::testing::reduce_test {
namespace {

class TryMap : public PoolTest {};
class ForEach : public PoolTest {};
class MapReduce : public PoolTest {};
BROOD_FOR_EVERY_METHOD(TryMap);
BROOD_FOR_EVERY_METHOD(ForEach);
BROOD_FOR_EVERY_METHOD(MapReduce);

std::vector<int> first_numbers(int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}
int misbehaves(int x) {
  if (x % 10 == 3) throw std::out_of_range(std::to_string(x));
  if (x % 10 == 7) return victims::aborts(0);
  return x * x;
}
void fails_at_five(int x) {
  if (x == 5) throw std::invalid_argument("five");
}
std::string joined(std::string a, const std::string& b) { return std::move(a) + b; }
std::string in_brackets(int x) { return "(" + std::to_string(x) + ")"; }

TEST_P(TryMap, gives_each_element_its_own_outcome) {
  Pool pool = make_pool(2);
  const std::vector<Outcome<int>> found = pool.try_map(misbehaves, first_numbers(30));
  ASSERT_EQ(found.size(), 30U);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const Outcome<int>& outcome = found[i];
    if (i % 10 == 3) {
      EXPECT_THROW(outcome.value(), std::out_of_range);
    } else if (i % 10 == 7) {
      const auto lost = caught_in<WorkerLost>(outcome.error());
      EXPECT_EQ(lost.signal(), SIGABRT);
      EXPECT_EQ(lost.index(), i);
    } else {
      EXPECT_TRUE(outcome.has_value());
      EXPECT_EQ(outcome.error(), nullptr);
      EXPECT_EQ(outcome.value(), static_cast<int>(i * i));
    }
  }
}

TEST_P(TryMap, in_one_chunk_only_the_guilty_element_is_lost_and_the_others_run_once) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  const auto dies_at_50 = [](const std::string& log, int x) {
    append_line(log, std::to_string(x));
    if (x == 50) victims::raise_signal(SIGKILL);
    return x;
  };
  const auto found =
      pool.with({.chunk = 100}).try_map(task(dies_at_50, scratch.path("log")), first_numbers(100));
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].has_value(), i != 50) << i;
  std::vector<std::string> lines = lines_of(scratch.path("log"));
  std::sort(lines.begin(), lines.end());
  EXPECT_EQ(lines.size(), 100U);
  EXPECT_EQ(std::unique(lines.begin(), lines.end()), lines.end());
}

TEST_P(TryMap, of_void_and_of_an_empty_range) {
  Pool pool = make_pool(2);
  const std::vector<Outcome<void>> found = pool.try_map(fails_at_five, first_numbers(10));
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].has_value(), i != 5);
  EXPECT_THROW(found[5].value(), std::invalid_argument);
  found[4].value();
  EXPECT_TRUE(pool.try_map(square, std::vector<int>{}).empty());
}

TEST_P(TryMap, of_a_terminated_pool_gives_cancelled_outcomes) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Gate gate(scratch.path("gate"));
  std::thread terminator([&] {
    mailbox.receive();
    pool.terminate();
  });
  const auto tells_at_three = [](const std::string& mail, const std::string& at, int x) {
    if (x == 3) {
      Mailbox::send(mail, "three");
      Gate::pass(at);
    }
    return x;
  };
  const auto found =
      pool.with({.chunk = 1})
          .try_map(task(tells_at_three, mailbox.path(), gate.path()), first_numbers(20));
  terminator.join();
  ASSERT_EQ(found.size(), 20U);
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (i >= 3) caught_in<Cancelled>(found[i].error());
  }
}

TEST_P(ForEach, runs_every_element_once) {
  Pool pool = make_pool(2);
  const Scratch scratch;
  const auto log = [](const std::string& path, int x) { append_line(path, std::to_string(x)); };
  pool.for_each(task(log, scratch.path("log")), first_numbers(100));
  std::vector<std::string> lines = lines_of(scratch.path("log"));
  std::sort(lines.begin(), lines.end());
  EXPECT_EQ(lines.size(), 100U);
  EXPECT_EQ(std::unique(lines.begin(), lines.end()), lines.end());
}

TEST_P(ForEach, drops_results_and_throws_errors) {
  Pool pool = make_pool(2);
  static_assert(std::is_void_v<decltype(pool.for_each(square, first_numbers(1)))>);
  pool.for_each(square, first_numbers(100));
  EXPECT_THROW(pool.for_each(fails_at_five, first_numbers(10)), std::invalid_argument);
  pool.for_each(square, std::vector<int>{});
}

TEST_P(MapReduce, folds_as_the_type_of_init) {
  Pool pool = make_pool(2);
  const auto length = [](const std::string& text) { return text.size(); };
  EXPECT_EQ(pool.map_reduce(length, {"a", "bb"}, std::plus<>(), 0), 3);
  EXPECT_EQ(pool.map_reduce(length, {"a", "bb"}, std::plus<>(), std::size_t{0}), 3U);
}

TEST_P(MapReduce, adds_up) {
  Pool pool = make_pool(2);
  EXPECT_EQ(pool.map_reduce(square, first_numbers(1000), std::plus<int>(), 1), 332833501);
  EXPECT_EQ(pool.map_reduce(square, std::vector<int>{}, std::plus<int>(), 5), 5);
}

TEST_P(MapReduce, keeps_the_order_of_an_associative_combine_that_does_not_commute) {
  Pool pool = make_pool(2);
  for (const int count : {1, 2, 17, 1000}) {
    std::string expected = "start";
    for (int i = 0; i < count; ++i) expected += in_brackets(i);
    EXPECT_EQ(pool.map_reduce(in_brackets, first_numbers(count), joined, std::string("start")),
              expected);
    EXPECT_EQ(pool.with({.chunk = 3})
                  .map_reduce(in_brackets, first_numbers(count), joined, std::string("start")),
              expected);
  }
}

double tenth(int x) { return x / 10.0; }
// As the contract groups them.
double sum_of_tenths(int first, int count) {
  if (count == 1) return tenth(first);
  return sum_of_tenths(first, count / 2) + sum_of_tenths(first + count / 2, count / 2);
}
double sum_of_tenths(int count) {
  double sum = 0.0;
  for (int first = 0, size = 1 << 20; size != 0; size /= 2) {
    if ((count & size) == 0) continue;
    sum += sum_of_tenths(first, size);
    first += size;
  }
  return sum;
}

TEST_P(MapReduce, of_floating_point_numbers_is_the_same_for_any_workers_and_chunks) {
  for (const int workers : {1, 2, 3}) {
    Pool pool = make_pool(workers);
    for (const int count : {1, 2, 7, 1000, 20001}) {
      const auto numbers = first_numbers(count);
      const double expected = sum_of_tenths(count);
      EXPECT_EQ(pool.map_reduce(tenth, numbers, std::plus<>(), 0.0), expected) << count;
      for (const int chunk : {3, 64, 1001}) {
        EXPECT_EQ(pool.with({.chunk = chunk}).map_reduce(tenth, numbers, std::plus<>(), 0.0),
                  expected)
            << count << ' ' << chunk;
      }
    }
  }
}

TEST_P(MapReduce, counts_nothing_twice_when_combine_throws_and_is_tried_again) {
  Pool pool = make_pool(2);
  const auto fails_first = [](std::string a, const std::string& b) {
    if (a.size() == 64 && this_task::attempt() == 1) throw std::runtime_error("not yet");
    return std::move(a) + b;
  };
  const auto letter = [](int x) { return std::string(1, static_cast<char>('a' + x % 26)); };
  std::string expected;
  for (int i = 0; i < 1000; ++i) expected += letter(i);
  const auto result = pool.with({.exception_retries = 1, .chunk = 100})
                          .map_reduce(letter, first_numbers(1000), fails_first, std::string());
  EXPECT_EQ(result, expected);
}

TEST_P(MapReduce, throws_what_the_function_throws) {
  Pool pool = make_pool(2);
  const auto fails = [](int x) {
    if (x == 33) throw std::invalid_argument("33");
    return x;
  };
  EXPECT_THROW(pool.map_reduce(fails, first_numbers(100), std::plus<int>(), 0),
               std::invalid_argument);
  EXPECT_EQ(pool.map_reduce(square, first_numbers(10), std::plus<int>(), 0), 285);
}

TEST_P(MapReduce, throws_what_combine_throws_in_a_worker) {
  Pool pool = make_pool(1);
  const auto combine = [](int a, int b) -> int {
    if (a + b > 40) throw std::overflow_error("too much");
    return a + b;
  };
  EXPECT_THROW(pool.map_reduce(square, first_numbers(100), combine, 0), std::overflow_error);
  EXPECT_EQ(pool.apply(square, 2), 4);
}

TEST_P(MapReduce, survives_the_death_of_a_worker_with_retries_and_counts_nothing_twice) {
  Pool pool = make_pool(2);
  const Scratch scratch;
  const auto dies_once = [](const std::string& log, int x) {
    if (x == 400 && lines_of(log).empty()) {
      append_line(log, "died");
      victims::raise_signal(SIGKILL);
    }
    return x;
  };
  EXPECT_EQ(pool.with({.retries = 3})
                .map_reduce(task(dies_once, scratch.path("log")), first_numbers(1000),
                            std::plus<int>(), 0),
            499500);
}

}  // namespace
}  // namespace brood::testing::reduce_test

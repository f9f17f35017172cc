#include <sys/resource.h>

#include <array>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <brood/array.hpp>
#include <brood/task.hpp>
#include "pool/pool_fixture.hpp"
#include "support/events.hpp"

// Results that are written to memory of the caller's, and views as arguments.
namespace brood::testing::map_into_test {
namespace {

class MapInto : public PoolTest {};
BROOD_FOR_EVERY_METHOD(MapInto);

int square(int value) { return value * value; }
std::string twice(const std::string& text) { return text + text; }
int fails_at_seven(int value) {
  if (value == 7) throw std::invalid_argument("seven");
  return -value;
}

TEST_P(MapInto, writes_the_results_to_a_vector_an_array_and_a_span) {
  const Pool pool = make_pool(2);
  std::vector<int> inputs(5000);
  std::iota(inputs.begin(), inputs.end(), 0);
  std::vector<int> expected(inputs);
  for (int& value : expected) value *= value;

  std::vector<int> results(inputs.size());
  pool.map_into(square, inputs, results);
  EXPECT_EQ(results, expected);

  std::array<int, 3> few{};
  pool.map_into(square, {1, 2, 3}, few);
  EXPECT_EQ(few, (std::array{1, 4, 9}));

  std::vector<int> middle(7, -1);
  pool.map_into(square, std::vector{5, 6}, std::span(middle).subspan(3, 2));
  EXPECT_EQ(middle, (std::vector{-1, -1, -1, 25, 36, -1, -1}));
}

TEST_P(MapInto, writes_objects_and_converts_numbers) {
  const Pool pool = make_pool(2);
  std::vector<std::string> texts(2);
  pool.map_into(twice, {"a", "b"}, texts);
  EXPECT_EQ(texts, (std::vector<std::string>{"aa", "bb"}));
  std::vector<double> wide(2);
  pool.map_into(square, {2, 3}, wide);
  EXPECT_EQ(wide, (std::vector{4.0, 9.0}));
}

TEST_P(MapInto, of_an_input_that_it_replaces) {
  const Pool pool = make_pool(2);
  std::vector<int> values(100'000);
  std::iota(values.begin(), values.end(), 0);
  pool.map_into(fails_at_seven, std::span(values).subspan(8), std::span(values).subspan(8));
  for (int i = 8; i < 100'000; ++i) ASSERT_EQ(values[static_cast<std::size_t>(i)], -i);
}

// An element's result lies where the argument of the next was.
TEST_P(MapInto, of_an_input_that_it_overlaps) {
  const Pool pool = make_pool(2);
  std::vector<int> values(100'001);
  std::iota(values.begin(), values.end(), 0);
  pool.with({.chunk = 1000})
      .map_into(square, std::span(values).first(30'000), std::span(values).subspan(1, 30'000));
  EXPECT_EQ(values[0], 0);
  for (int i = 0; i < 30'000; ++i) ASSERT_EQ(values[static_cast<std::size_t>(i) + 1], i * i) << i;
}

TEST_P(MapInto, an_output_of_another_size_is_refused_before_anything_runs) {
  const Pool pool = make_pool(2);
  std::vector<int> results(3, -1);
  try {
    pool.map_into(square, {1, 2}, results);
    FAIL() << "it is written to";
  } catch (const UsageError& error) {
    EXPECT_STREQ(
        error.what(),
        "map_into has 2 inputs, and an output of 3 elements: give it one of the same size");
  }
  EXPECT_EQ(results, (std::vector{-1, -1, -1}));
}

TEST_P(MapInto, of_nothing) {
  const Pool pool = make_pool(2);
  std::vector<int> results;
  pool.map_into(square, std::vector<int>(), results);
  EXPECT_TRUE(results.empty());
}

TEST_P(MapInto, that_throws_leaves_what_has_no_result) {
  const Pool pool = make_pool(2);
  std::vector<int> results(8, 1);
  EXPECT_THROW(pool.with({.chunk = 1}).map_into(fails_at_seven, {1, 2, 3, 4, 5, 6, 7, 8}, results),
               std::invalid_argument);
  EXPECT_EQ(results[6], 1);
}

int four_behind(const std::string& gate) {
  if (!gate.empty()) Gate::pass(gate);
  return 4;
}

// Where numbers arrive in their places the caller sleeps until the end, unless it is to report. The
// last element ends when that has been done.
TEST_P(MapInto, tells_progress_as_map_does) {
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  const Pool pool = make_pool(2);
  std::vector<std::string> gates(100);
  gates.back() = gate.path();
  std::vector<int> results(100);
  std::size_t last = 0;
  const auto note = [&](std::size_t done, std::size_t total) {
    EXPECT_EQ(total, 100U);
    EXPECT_GE(done, last);
    if (last == 0) gate.open();
    last = done;
  };
  pool.with({.chunk = 1, .progress = note}).map_into(four_behind, gates, results);
  EXPECT_EQ(last, 100U);
  EXPECT_EQ(results, std::vector<int>(100, 4));
}

long voluntary_switches() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}

TEST_P(MapInto, wakes_its_caller_at_the_end_only) {
  const Pool pool = make_pool(2);
  const std::vector<int> inputs(20'000, 3);
  std::vector<int> results(inputs.size());
  const long before = voluntary_switches();
  pool.with({.chunk = 2}).map_into(square, inputs, results);  // 10,000 frames of results
  EXPECT_LT(voluntary_switches() - before, 200);
  EXPECT_EQ(results, std::vector<int>(inputs.size(), 9));
}

TEST_P(MapInto, memory_that_is_shared) {
  const Pool pool = make_pool(2);
  Array<int> shared(4);
  ArraySlice<int> all = shared.slice(0, 4);
  pool.map_into(square, {1, 2, 3, 4}, all);
  EXPECT_EQ(std::vector<int>(all.begin(), all.end()), (std::vector{1, 4, 9, 16}));
}

double sum_of_span(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}
std::size_t length_of_view(std::string_view text) { return text.size(); }
double weighted(std::span<const double> weights, double value) {
  return sum_of_span(weights) * value;
}

class Views : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Views);

TEST_P(Views, are_taken_by_a_function_in_place_of_containers) {
  const Pool pool = make_pool(2);
  const std::vector<double> values(100'000, 0.5);
  EXPECT_EQ(pool.apply(sum_of_span, values), 50'000.0);
  EXPECT_EQ(pool.apply(length_of_view, std::string(100'000, 'x')), 100'000U);
  EXPECT_EQ(pool.map(length_of_view, {"a", "bcd"}), (std::vector<std::size_t>{1, 3}));
}

TEST_P(Views, are_arguments) {
  const Pool pool = make_pool(2);
  std::vector<double> values(100'000, 0.5);
  EXPECT_EQ(pool.apply(sum_of_span, std::span(values)), 50'000.0);
  EXPECT_EQ(pool.apply(sum_of_span, std::span<const double>(values).first(3)), 1.5);
  const std::string text(100'000, 'x');
  EXPECT_EQ(pool.apply(length_of_view, std::string_view(text)), 100'000U);
  EXPECT_EQ(pool.apply_async(sum_of_span, std::span(values)).get(), 50'000.0);
}

TEST_P(Views, are_elements_and_bound) {
  const Pool pool = make_pool(2);
  const std::vector<double> values{1, 2, 3, 4};
  const std::vector<std::span<const double>> halves{std::span(values).first(2),
                                                    std::span(values).last(2)};
  EXPECT_EQ(pool.map(sum_of_span, halves), (std::vector{3.0, 7.0}));
  EXPECT_EQ(pool.map(task(weighted, std::span(values)), {1.0, 2.0}), (std::vector{10.0, 20.0}));
}

}  // namespace
}  // namespace brood::testing::map_into_test

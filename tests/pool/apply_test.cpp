#include <array>
#include <cereal/types/map.hpp>
#include <cereal/types/memory.hpp>
#include <cereal/types/optional.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <tuple>

#include "pool/pool_fixture.hpp"

namespace brood::testing::apply_test {
namespace {

class Apply : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Apply);

struct Point {
  double x = 0, y = 0;
  std::string label;
  bool operator==(const Point&) const = default;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(x, y, label);
  }
};

int add(int a, int b) { return a + b; }
int five() { return 5; }
void nothing() {}
std::string repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}
std::size_t length_of_view(std::string_view text) { return text.size(); }
int grow(int& value) { return ++value; }
Point mirrored(Point point) { return {point.y, point.x, point.label + "'"}; }
int take_pointer(std::unique_ptr<int> value) { return *value; }
std::unique_ptr<int> make_pointer(int value) { return std::make_unique<int>(value); }
std::map<std::string, int> counted(const std::vector<std::string>& words) {
  std::map<std::string, int> counts;
  for (const std::string& word : words) ++counts[word];
  return counts;
}
std::optional<int> halved(int x) { return x % 2 == 0 ? std::optional(x / 2) : std::nullopt; }
bool is_even(int x) { return x % 2 == 0; }
std::tuple<int, std::string> both(int x, std::string s) { return {x, std::move(s)}; }

TEST_P(Apply, returns_what_the_function_returns_in_another_process) {
  Pool pool = make_pool(2);
  EXPECT_EQ(pool.apply(square, 7), 49);
  EXPECT_EQ(pool.apply(add, 2, 3), 5);
  EXPECT_EQ(pool.apply(five), 5);
  EXPECT_NE(pool.apply(pid_here), ::getpid());
}

TEST_P(Apply, takes_no_value_back_from_a_void_function) {
  Pool pool = make_pool(1);
  pool.apply(nothing);
  static_assert(std::is_void_v<decltype(pool.apply(nothing))>);
  static_assert(std::is_same_v<decltype(pool.apply_async(nothing)), AsyncResult<void>>);
  AsyncResult<void> result = pool.apply_async(nothing);
  result.get();
  EXPECT_TRUE(result.successful());
}

TEST_P(Apply, passes_arguments_of_many_types_by_value) {
  Pool pool = make_pool(1);
  EXPECT_EQ(pool.apply(repeat, std::string("ab"), 3), "ababab");
  EXPECT_EQ(pool.apply(mirrored, Point{1, 2, "p"}), (Point{2, 1, "p'"}));
  EXPECT_EQ(pool.apply(counted, std::vector<std::string>{"a", "b", "a"}),
            (std::map<std::string, int>{{"a", 2}, {"b", 1}}));
  EXPECT_EQ(pool.apply(halved, 8), std::optional(4));
  EXPECT_EQ(pool.apply(halved, 7), std::nullopt);
  EXPECT_TRUE(pool.apply(is_even, 2));
  EXPECT_EQ(pool.apply(both, 1, "x"), std::tuple(1, std::string("x")));
}

TEST_P(Apply, sends_text_for_pointers_to_characters_and_views) {
  Pool pool = make_pool(1);
  const char* const pointer = "pointer";
  const std::string_view view("a view of it", 6);
  char array[] = "array";
  EXPECT_EQ(pool.apply(repeat, "literal", 1), "literal");
  EXPECT_EQ(pool.apply(repeat, pointer, 2), "pointerpointer");
  EXPECT_EQ(pool.apply(repeat, view, 1), "a view");
  EXPECT_EQ(pool.apply(repeat, array, 1), "array");
  EXPECT_EQ(pool.apply(length_of_view, view), 6U);
}

TEST_P(Apply, leaves_lvalues_as_they_are) {
  Pool pool = make_pool(1);
  int value = 1;
  EXPECT_EQ(pool.apply(grow, value), 2);
  EXPECT_EQ(value, 1);  // the worker changed its copy
  std::string text = "kept";
  EXPECT_EQ(pool.apply(repeat, text, 2), "keptkept");
  EXPECT_EQ(text, "kept");
  const int constant = 3;
  EXPECT_EQ(pool.apply(square, std::cref(constant).get()), 9);
}

TEST_P(Apply, takes_and_returns_types_that_can_only_be_moved) {
  Pool pool = make_pool(1);
  EXPECT_EQ(pool.apply(take_pointer, std::make_unique<int>(6)), 6);
  EXPECT_EQ(*pool.apply(make_pointer, 8), 8);
  AsyncResult<std::unique_ptr<int>> result = pool.apply_async(make_pointer, 9);
  EXPECT_EQ(*result.get(), 9);
  EXPECT_EQ(*result.get(), 9);  // decoded anew
}

TEST_P(Apply, converts_arguments_as_a_call_does) {
  Pool pool = make_pool(1);
  const short three = 3;
  EXPECT_EQ(pool.apply(square, three), 9);
  EXPECT_EQ(pool.apply([](double x) { return x / 2; }, 5), 2.5);
}

TEST_P(Apply, async_results_come_in_any_order_of_asking) {
  Pool pool = make_pool(2);
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < 200; ++i) results.push_back(pool.apply_async(square, i));
  for (int i = 199; i >= 0; --i) EXPECT_EQ(results[static_cast<std::size_t>(i)].get(), i * i);
}

TEST_P(Apply, may_be_called_from_many_threads_at_once) {
  Pool pool = make_pool(2);
  std::array<int, 4> sums{};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < sums.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) sums[t] += pool.apply(add, i, static_cast<int>(t));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t t = 0; t < sums.size(); ++t)
    EXPECT_EQ(sums[t], 4950 + 100 * static_cast<int>(t));
}

TEST_P(Apply, throws_what_the_task_throws_with_its_story_nested) {
  Pool pool = make_pool(1);
  const auto thrower = [](int i) -> int {
    if (i == 13) throw std::out_of_range("thirteen");
    return i;
  };
  try {
    pool.apply(thrower, 13);
    FAIL() << "nothing was thrown";
  } catch (const std::out_of_range& error) {
    EXPECT_STREQ(error.what(), "thirteen");
    const auto story = caught<TaskError>([&] { std::rethrow_if_nested(error); });
    EXPECT_EQ(story.type_name(), "std::out_of_range");
    EXPECT_EQ(story.text(), "thirteen");
    EXPECT_EQ(story.worker_pid(), pool.workers().at(0).pid);
    EXPECT_EQ(story.worker_name(), pool.workers().at(0).name);
  }
  EXPECT_EQ(pool.apply(thrower, 1), 1);
}

TEST_P(Apply, on_many_pools_at_once_keeps_them_apart) {
  Pool first = make_pool(1);
  Pool second = make_pool(1);
  Pool third(options(1));
  EXPECT_NE(first.apply(pid_here), second.apply(pid_here));
  EXPECT_NE(first.apply(pid_here), third.apply(pid_here));
  second.terminate();
  second.join();
  EXPECT_EQ(first.apply(square, 2), 4);
  EXPECT_EQ(third.apply(square, 2), 4);
}

TEST_P(Apply, default_pool_options_work_for_the_default_method) {
  const std::string before = get_start_method();
  set_start_method(method());
  {
    Pool pool;
    EXPECT_EQ(pool.apply(square, 3), 9);
    EXPECT_EQ(static_cast<int>(pool.workers().size()), available_cpus());
  }
  set_start_method(before);
}

}  // namespace
}  // namespace brood::testing::apply_test

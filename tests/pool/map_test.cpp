#include <algorithm>
#include <array>
#include <cereal/types/array.hpp>
#include <cereal/types/memory.hpp>
#include <deque>
#include <filesystem>
#include <forward_list>
#include <future>
#include <iterator>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <ranges>
#include <set>
#include <span>
#include <sstream>
#include <thread>

#include "pool/pool_fixture.hpp"
#include "support/views.hpp"

namespace brood::testing::map_test {
namespace {

class Map : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Map);
// What does not depend on how the worker was born: ranges and their types.
class MapOver : public PoolCheck {
 protected:
  void SetUp() override {
    PoolCheck::SetUp();
    made_ = std::make_unique<Pool>(PoolOptions{.workers = 2, .start_method = "fork"});
  }
  void TearDown() override {
    made_.reset();
    PoolCheck::TearDown();
  }
  Pool& pool() { return *made_; }

 private:
  std::unique_ptr<Pool> made_;
};

std::size_t length(const std::string& text) { return text.size(); }
int negated(bool x) { return x ? 0 : 1; }
int product(int a, int b) { return a * b; }
int pointee(std::unique_ptr<int> p) { return *p; }
double halved(double x) { return x / 2; }
const std::string constant_text(int x) { return std::to_string(x); }
std::string extension(const std::filesystem::path& path) { return path.extension(); }

TEST_P(Map, returns_results_in_input_order) {
  Pool pool = make_pool(2);
  std::vector<int> inputs(1000);
  std::iota(inputs.begin(), inputs.end(), 0);
  const std::vector<int> squares = pool.map(square, inputs);
  ASSERT_EQ(squares.size(), inputs.size());
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(squares[static_cast<std::size_t>(i)], i * i);
}

TEST_P(Map, of_strings_to_strings) {
  Pool pool = make_pool(2);
  const std::list<std::string> words{"a", "", "ccc"};
  EXPECT_EQ(pool.map([](const std::string& s) { return s + s; }, words),
            (std::vector<std::string>{"aa", "", "cccccc"}));
}

TEST_P(Map, spreads_over_all_workers) {
  Pool pool = make_pool(2);
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Gate gate(scratch.path("gate"));
  const auto meet = [](const std::string& mail, const std::string& at) {
    Mailbox::send(mail, "here");
    Gate::pass(at);
    return ::getpid();
  };
  auto result = pool.starmap_async(
      meet, std::vector<std::pair<std::string, std::string>>(2, {mailbox.path(), gate.path()}));
  mailbox.receive();
  mailbox.receive();  // both run at the same time
  gate.open();
  const std::vector<int> pids = result.get();
  EXPECT_EQ(std::set(pids.begin(), pids.end()).size(), 2U);
}

TEST_P(Map, async_returns_before_the_work_is_done) {
  Pool pool = make_pool(2);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  auto result = pool.map_async(
      [](const std::string& at) {
        Gate::pass(at);
        return 1;
      },
      std::vector<std::string>(6, gate.path()));
  EXPECT_FALSE(result.ready());
  EXPECT_FALSE(result.wait_for(1ms));
  gate.open();
  EXPECT_EQ(result.get(), std::vector<int>(6, 1));
}

TEST_P(Map, async_does_not_need_its_input_any_more) {
  Pool pool = make_pool(1);
  std::vector<int> inputs(5000, 3);
  auto result = pool.map_async(square, inputs);
  std::fill(inputs.begin(), inputs.end(), -1);
  inputs.clear();
  inputs.shrink_to_fit();
  EXPECT_EQ(result.get(), std::vector<int>(5000, 9));
}

TEST_P(Map, first_error_comes_with_its_index_and_leaves_the_pool_usable) {
  Pool pool = make_pool(2);
  const auto odd_one = [](int i) -> int {
    if (i == 57) throw std::invalid_argument("57");
    return i;
  };
  std::vector<int> inputs(100);
  std::iota(inputs.begin(), inputs.end(), 0);
  try {
    pool.map(odd_one, inputs);
    FAIL() << "nothing was thrown";
  } catch (const std::invalid_argument& error) {
    const auto story = caught<TaskError>([&] { std::rethrow_if_nested(error); });
    EXPECT_EQ(story.index(), 57U);
  }
  EXPECT_EQ(pool.map(square, inputs).back(), 99 * 99);
}

TEST_P(Map, starmap_unpacks_pairs_and_tuples) {
  Pool pool = make_pool(2);
  EXPECT_EQ(pool.starmap(product, std::vector<std::pair<int, int>>{{2, 3}, {4, 5}}),
            (std::vector{6, 20}));
  EXPECT_EQ(pool.starmap(product, std::map<int, int>{{2, 3}, {4, 5}}), (std::vector{6, 20}));
  const auto repeat = [](std::string text, int n, char c) {
    return text + std::string(static_cast<std::size_t>(n), c);
  };
  EXPECT_EQ(pool.starmap(repeat, std::list<std::tuple<std::string, int, char>>{{"a", 2, 'b'}}),
            std::vector<std::string>{"abb"});
  EXPECT_EQ(pool.starmap_async(product, std::vector<std::array<int, 2>>{{6, 7}}).get(),
            std::vector{42});
}

TEST_P(Map, from_several_threads_at_once) {
  Pool pool = make_pool(2);
  std::vector<std::vector<int>> found(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < found.size(); ++t)
    threads.emplace_back(
        [&, t] { found[t] = pool.map(square, std::vector<int>(500, static_cast<int>(t))); });
  for (std::thread& thread : threads) thread.join();
  for (std::size_t t = 0; t < found.size(); ++t)
    EXPECT_EQ(found[t], std::vector<int>(500, static_cast<int>(t * t)));
}

TEST_F(MapOver, an_empty_range_is_ready_at_once) {
  EXPECT_TRUE(pool().map(square, std::vector<int>{}).empty());
  EXPECT_TRUE(pool().map(length, std::vector<std::string>{}).empty());
  auto result = pool().map_async(square, std::vector<int>{});
  EXPECT_TRUE(result.ready());
  EXPECT_TRUE(result.get().empty());
  EXPECT_TRUE(pool().starmap(product, std::vector<std::pair<int, int>>{}).empty());
}

TEST_F(MapOver, an_empty_range_calls_its_callback) {
  std::promise<std::size_t> called;
  pool().map_async(square, std::vector<int>{}).on_success([&](const std::vector<int>& found) {
    called.set_value(found.size());
  });
  EXPECT_EQ(called.get_future().get(), 0U);
}

TEST_F(MapOver, containers_of_all_kinds) {
  const std::vector<int> expected{1, 4, 9};
  EXPECT_EQ(pool().map(square, std::vector{1, 2, 3}), expected);
  EXPECT_EQ(pool().map(square, {1, 2, 3}), expected);
  EXPECT_EQ(pool().map(square, std::list{1, 2, 3}), expected);
  EXPECT_EQ(pool().map(square, std::deque{1, 2, 3}), expected);
  EXPECT_EQ(pool().map(square, std::set{3, 2, 1}), expected);
  EXPECT_EQ(pool().map(square, std::forward_list{1, 2, 3}), expected);
  EXPECT_EQ(pool().map(square, std::array{1, 2, 3}), expected);
  const int plain[] = {1, 2, 3};
  EXPECT_EQ(pool().map(square, plain), expected);
  EXPECT_EQ(pool().map(square, std::span(plain)), expected);
}

#ifndef BROOD_TESTS_WITHOUT_VIEWS
TEST_F(MapOver, constant_and_viewed_ranges) {
  const std::vector<int> constant{1, 2, 3};
  EXPECT_EQ(pool().map(square, constant), (std::vector{1, 4, 9}));
  EXPECT_EQ(pool().map(square, std::views::iota(1, 4)), (std::vector{1, 4, 9}));
  EXPECT_EQ(pool().map(square, constant | std::views::reverse), (std::vector{9, 4, 1}));
  auto odd = constant | std::views::filter([](int x) { return x % 2 == 1; });
  EXPECT_EQ(pool().map(square, odd), (std::vector{1, 9}));
  EXPECT_EQ(pool().map(square, constant | std::views::transform([](int x) { return x + 1; })),
            (std::vector{4, 9, 16}));
}

TEST_F(MapOver, a_single_pass_range_of_unknown_size) {
  std::istringstream numbers("4 5 6");
  std::ranges::istream_view<int> view(numbers);
  EXPECT_EQ(pool().map(square, view), (std::vector{16, 25, 36}));
  std::istringstream words("a bb ccc");
  EXPECT_EQ(pool().map(length, std::ranges::istream_view<std::string>(words)),
            (std::vector<std::size_t>{1, 2, 3}));
}
#endif

TEST_F(MapOver, vector_of_bool_and_to_bool) {
  EXPECT_EQ(pool().map(negated, std::vector<bool>{true, false, true}), (std::vector{0, 1, 0}));
  EXPECT_EQ(pool().map([](int x) { return x > 1; }, {1, 2}), (std::vector<bool>{false, true}));
  EXPECT_EQ(pool().map_async([](int x) { return x > 1; }, std::vector{1, 2}).get(),
            (std::vector<bool>{false, true}));
}

TEST_F(MapOver, elements_that_can_only_be_moved) {
  std::vector<std::unique_ptr<int>> inputs;
  inputs.push_back(std::make_unique<int>(1));
  inputs.push_back(std::make_unique<int>(2));
  EXPECT_EQ(pool().map(pointee, inputs), (std::vector{1, 2}));
  EXPECT_EQ(pool().map(pointee, std::move(inputs)), (std::vector{1, 2}));
  const auto made = pool().map([](int x) { return std::make_unique<int>(x); }, {7, 8});
  EXPECT_EQ(*made.at(0) + *made.at(1), 15);
}

TEST_F(MapOver, pairs_as_one_argument) {
  const auto sum = [](const std::pair<int, std::string>& p) {
    return static_cast<std::size_t>(p.first) + p.second.size();
  };
  EXPECT_EQ(pool().map(sum, std::vector<std::pair<int, std::string>>{{1, "ab"}, {2, ""}}),
            (std::vector<std::size_t>{3, 2}));
}

TEST_F(MapOver, literals_and_views_of_text) {
  EXPECT_EQ(pool().map(length, {"a", "bb"}), (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(pool().map(length, std::vector<std::string_view>{"ccc", ""}),
            (std::vector<std::size_t>{3, 0}));
}

TEST_F(MapOver, elements_are_copies_that_the_function_may_change) {
  const std::vector<int> inputs{1, 2};
  EXPECT_EQ(pool().map([](int& x) { return ++x; }, inputs), (std::vector{2, 3}));
  EXPECT_EQ(inputs, (std::vector{1, 2}));
}

TEST_F(MapOver, results_that_the_function_calls_constant) {
  EXPECT_EQ(pool().apply(constant_text, 3), "3");
  EXPECT_EQ(pool().map(constant_text, {3, 4}), (std::vector<std::string>{"3", "4"}));
  EXPECT_EQ(pool().map_async(constant_text, {5}).get(), std::vector<std::string>{"5"});
  EXPECT_EQ(pool().starmap(constant_text, {std::tuple(6)}), std::vector<std::string>{"6"});
  EXPECT_EQ(pool().try_map(constant_text, {7}).at(0).value(), "7");
  EXPECT_EQ(pool().imap(constant_text, {8}).next(), "8");
}

TEST_F(MapOver, file_names) {
  const std::vector<std::filesystem::path> files{"a.txt", "/b/c.hpp", ""};
  EXPECT_EQ(pool().map(extension, files), (std::vector<std::string>{".txt", ".hpp", ""}));
  EXPECT_EQ(pool().apply(&std::filesystem::path::filename, std::filesystem::path("/b/c.hpp")),
            "c.hpp");
}

// The first, two in a row, the last: in chunks of seven.
bool is_refused(int x) { return x % 7 == 0 || x % 7 == 3 || x % 7 == 4 || x % 7 == 6; }
int refuses_some(int x) {
  if (is_refused(x)) throw std::out_of_range(std::to_string(x));
  return x + 1;
}
void refuses_some_and_returns_nothing(int x) { refuses_some(x); }
std::string refuses_some_texts(const std::string& text) {
  return std::to_string(refuses_some(std::stoi(text)));
}

TEST_F(MapOver, elements_that_throw_anywhere_in_a_chunk_fail_alone) {
  std::vector<int> inputs(35);
  std::iota(inputs.begin(), inputs.end(), 0);
  std::vector<std::string> texts;
  for (const int x : inputs) texts.push_back(std::to_string(x));
  const PoolCalls in_sevens = pool().with({.chunk = 7});
  const auto numbers = in_sevens.try_map(refuses_some, inputs);
  const auto nothing = in_sevens.try_map(refuses_some_and_returns_nothing, inputs);
  const auto found = in_sevens.try_map(refuses_some_texts, texts);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    ASSERT_EQ(numbers[i].has_value(), !is_refused(inputs[i])) << i;
    ASSERT_EQ(nothing[i].has_value(), !is_refused(inputs[i])) << i;
    ASSERT_EQ(found[i].has_value(), !is_refused(inputs[i])) << i;
    if (is_refused(inputs[i])) {
      EXPECT_THROW(numbers[i].value(), std::out_of_range);
    } else {
      EXPECT_EQ(numbers[i].value(), inputs[i] + 1);
      EXPECT_EQ(found[i].value(), std::to_string(inputs[i] + 1));
    }
  }
}

TEST_F(MapOver, results_of_many_mebibytes_are_all_there) {
  for (const std::size_t count :
       {(std::size_t{4} << 20) / sizeof(double) - 1, (std::size_t{4} << 20) / sizeof(double),
        (std::size_t{12} << 20) / sizeof(double) + 1}) {
    std::vector<double> inputs(count);
    std::iota(inputs.begin(), inputs.end(), 0.0);
    const std::vector<double> found = pool().map(halved, inputs);
    ASSERT_EQ(found.size(), count);
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(found[i], inputs[i] / 2);
  }
}

TEST_F(MapOver, a_million_cheap_elements) {
  std::vector<double> inputs(1'000'000);
  std::iota(inputs.begin(), inputs.end(), 0.0);
  const std::vector<double> found = pool().map(halved, inputs);
  ASSERT_EQ(found.size(), inputs.size());
  for (std::size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i], inputs[i] / 2);
}

#ifndef BROOD_TESTS_WITHOUT_VIEWS
TEST_F(MapOver, an_input_range_that_throws_leaves_the_pool_usable) {
  const std::vector<int> inputs{1, 2, 3};
  const auto throwing = inputs | std::views::transform([](int x) {
                          if (x == 3) throw std::range_error("no third");
                          return x;
                        });
  EXPECT_THROW(pool().map(square, throwing), std::range_error);
  EXPECT_THROW(static_cast<void>(pool().map_async(square, throwing)), std::range_error);
  EXPECT_EQ(pool().map(square, inputs), (std::vector{1, 4, 9}));
}
#endif

}  // namespace
}  // namespace brood::testing::map_test

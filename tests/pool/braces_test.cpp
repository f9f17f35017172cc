#include <functional>
#include <memory>
#include <set>

#include "pool/pool_fixture.hpp"

// Inputs written in braces at the call.
namespace brood::testing::braces_test {
namespace {

class Braces : public PoolCheck {
 protected:
  void SetUp() override {
    PoolCheck::SetUp();
    made_ = std::make_unique<Pool>(PoolOptions{.workers = 2, .start_method = "fork"});
  }
  void TearDown() override {
    made_.reset();
    PoolCheck::TearDown();
  }
  const Pool& pool() const { return *made_; }

 private:
  std::unique_ptr<Pool> made_;
};

int product(int a, int b) { return a * b; }
std::size_t length(const std::string& text) { return text.size(); }
std::string repeated(const std::string& text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

TEST_F(Braces, are_inputs_of_every_verb_that_maps) {
  EXPECT_EQ(pool().map(square, {1, 2, 3}), (std::vector{1, 4, 9}));
  EXPECT_EQ(pool().map_async(square, {1, 2, 3}).get(), (std::vector{1, 4, 9}));
  const auto outcomes = pool().try_map(square, {4, 5});
  EXPECT_EQ(outcomes.at(0).value() + outcomes.at(1).value(), 41);
  pool().for_each(square, {1, 2});
  EXPECT_EQ(pool().map_reduce(square, {1, 2, 3}, std::plus<>(), 0), 14);
}

TEST_F(Braces, are_inputs_of_imap_that_outlive_the_call) {
  std::vector<std::size_t> lengths;
  auto range = pool().with({.window = 1}).imap(length, {std::string(1000, 'x'), std::string("a")});
  for (const std::size_t found : range) lengths.push_back(found);
  EXPECT_EQ(lengths, (std::vector<std::size_t>{1000, 1}));
  std::multiset<std::size_t> unordered;
  for (const std::size_t found : pool().imap_unordered(length, {"a", "bb"}))
    unordered.insert(found);
  EXPECT_EQ(unordered, (std::multiset<std::size_t>{1, 2}));
}

TEST_F(Braces, are_inputs_of_starmap_as_tuples_or_in_braces_of_their_own) {
  EXPECT_EQ(pool().starmap(product, {std::pair{1, 2}, std::pair{3, 4}}), (std::vector{2, 12}));
  EXPECT_EQ(pool().starmap(product, {{1, 2}, {3, 4}}), (std::vector{2, 12}));
  EXPECT_EQ(pool().starmap(repeated, {{"ab", 2}, {"c", 3}}),
            (std::vector<std::string>{"abab", "ccc"}));
  EXPECT_EQ(pool().starmap([](int a, int b) { return a - b; }, {{5, 2}}), std::vector{3});
  EXPECT_EQ(pool().starmap_async(product, {{5, 2}}).get(), std::vector{10});
  EXPECT_EQ(pool().starmap_async(product, {std::tuple{5, 3}}).get(), std::vector{15});
}

}  // namespace
}  // namespace brood::testing::braces_test

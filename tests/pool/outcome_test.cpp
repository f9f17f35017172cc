#include <brood/outcome.hpp>

#include <csignal>
#include <map>
#include <numeric>

#include <brood/outcome_range.hpp>
#include "pool/pool_fixture.hpp"
#include "victims/tasks.hpp"

namespace brood::testing::outcome_test {
namespace {

class Outcomes : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Outcomes);

std::exception_ptr error_of(const auto& error) { return std::make_exception_ptr(error); }

TEST(Outcome, gives_its_value_like_a_pointer) {
  Outcome<std::string> outcome(std::string("text"), 7);
  EXPECT_EQ(outcome.index(), 7u);
  EXPECT_EQ(outcome.kind(), OutcomeKind::value);
  EXPECT_EQ(*outcome, "text");
  EXPECT_EQ(outcome->size(), 4u);
  outcome->push_back('s');
  EXPECT_EQ(outcome.value_or("other"), "texts");
  EXPECT_EQ(outcome.error_as<std::exception>(), nullptr);
  EXPECT_EQ(*std::move(outcome), "texts");
}

TEST(Outcome, without_a_value_throws_its_error_wherever_that_is_asked_for) {
  Outcome<std::string> outcome(error_of(std::out_of_range("no such key")), 3);
  const Outcome<std::string>& same = outcome;
  EXPECT_EQ(outcome.index(), 3u);
  EXPECT_THROW(*outcome, std::out_of_range);
  EXPECT_THROW(*same, std::out_of_range);
  EXPECT_THROW(outcome->size(), std::out_of_range);
  EXPECT_THROW(same->size(), std::out_of_range);
  EXPECT_EQ(outcome.value_or("other"), "other");
  EXPECT_EQ(std::move(outcome).value_or("other"), "other");
}

TEST(Outcome, shows_its_error_as_what_it_is_and_is_derived_from) {
  const Outcome<int> outcome(error_of(std::out_of_range("no such key")));
  ASSERT_NE(outcome.error_as<std::out_of_range>(), nullptr);
  EXPECT_STREQ(outcome.error_as<std::logic_error>()->what(), "no such key");
  EXPECT_EQ(outcome.error_as<std::runtime_error>(), nullptr);
  EXPECT_EQ(outcome.error_as<TaskError>(), nullptr);
}

TEST(Outcome, of_a_function_that_returns_nothing_has_a_value_of_no_parts) {
  const Outcome<void> outcome(std::tuple<>{}, 1);
  EXPECT_TRUE(outcome);
  *outcome;
  EXPECT_EQ(outcome.value_or(std::tuple<>{}), std::tuple<>{});
}

TEST(Outcome, that_was_moved_from_is_an_error_without_one) {
  Outcome<int> outcome(error_of(1));
  const Outcome<int> moved = std::move(outcome);
  EXPECT_EQ(outcome.kind(), OutcomeKind::error);  // NOLINT(bugprone-use-after-move)
}

/// Its name says how it ends.
int ends_by(const std::string& how) {
  if (how == "throw") throw std::out_of_range("no such key");
  if (how == "throw a final one") throw UsageError("wrong use");
  if (how == "throw brood's") throw Cancelled("by the task itself");
  if (how == "signal") victims::raise_signal(SIGKILL);
  if (how == "hang") victims::burns(0);
  return 1;
}

TEST_P(Outcomes, know_their_kind_and_their_index) {
  Pool pool = make_pool(2);
  const std::vector<std::string> ways = {
      "value", "throw", "throw a final one", "throw brood's", "signal", "hang", "value"};
  const auto outcomes = pool.with({.timeout = 1s}).try_map(ends_by, ways);
  std::vector<OutcomeKind> kinds;
  for (const auto& outcome : outcomes) {
    EXPECT_EQ(outcome.index(), kinds.size());
    kinds.push_back(outcome.kind());
  }
  using enum OutcomeKind;
  EXPECT_EQ(kinds,
            (std::vector{value, exception, exception, exception, worker_lost, timeout, value}));
  ASSERT_NE(outcomes[1].error_as<TaskError>(), nullptr) << "nested in the task's own";
  EXPECT_EQ(outcomes[1].error_as<TaskError>()->index(), 1u);
  EXPECT_NE(outcomes[1].error_as<std::out_of_range>(), nullptr);
  EXPECT_EQ(outcomes[4].error_as<WorkerLost>()->signal(), SIGKILL);
}

TEST_P(Outcomes, of_a_pool_that_ends_are_cancelled_each_at_its_index) {
  Pool pool = make_pool(1);
  auto range = pool.try_imap(ends_by, std::vector<std::string>(3, "value"));
  pool.terminate();
  std::size_t expected = 0;
  while (const auto outcome = range.next()) {
    EXPECT_EQ(outcome->index(), expected++);
    EXPECT_TRUE(outcome->has_value() || outcome->kind() == OutcomeKind::cancelled);
  }
  EXPECT_GE(expected, 1u);
}

int odd_throws(int x) {
  if (x % 2 == 1) throw std::runtime_error("odd");
  return x;
}

TEST_P(Outcomes, are_streamed_in_the_order_of_the_input) {
  Pool pool = make_pool(2);
  std::size_t next = 0;
  for (const Outcome<int>& outcome : pool.try_imap(odd_throws, std::views::iota(0, 500))) {
    ASSERT_EQ(outcome.index(), next);
    EXPECT_EQ(outcome.has_value(), next % 2 == 0);
    EXPECT_EQ(outcome.value_or(-1), next % 2 == 0 ? static_cast<int>(next) : -1);
    ++next;
  }
  EXPECT_EQ(next, 500u);
  auto braces = pool.try_imap(odd_throws, {1, 2});
  EXPECT_FALSE(braces.next()->has_value());
  EXPECT_EQ(braces.next_for(1h)->value(), 2);
  EXPECT_FALSE(braces.next_until(std::chrono::steady_clock::time_point::max()));
}

TEST_P(Outcomes, are_streamed_as_they_end_each_with_its_index) {
  Pool pool = make_pool(2);
  std::map<std::size_t, bool> seen;
  for (const Outcome<int>& outcome : pool.try_imap_unordered(odd_throws, std::views::iota(0, 500)))
    EXPECT_TRUE(seen.emplace(outcome.index(), outcome.has_value()).second);
  EXPECT_EQ(seen.size(), 500u);
  for (const auto& [index, succeeded] : seen) EXPECT_EQ(succeeded, index % 2 == 0);
  EXPECT_TRUE(pool.try_imap_unordered(odd_throws, {2}).next()->has_value());
}

TEST_P(Outcomes, of_a_stream_end_with_what_the_input_throws) {
  Pool pool = make_pool(1);
  const auto inputs = std::views::iota(0) | std::views::transform([](int x) {
                        if (x == 5) throw std::domain_error("no more");
                        return 2 * x;
                      });
  std::vector<OutcomeKind> kinds;
  std::size_t last = 0;
  for (const auto& outcome : pool.try_imap(odd_throws, inputs)) {
    kinds.push_back(outcome.kind());
    last = outcome.index();
  }
  ASSERT_EQ(kinds.size(), 6u);
  EXPECT_EQ(kinds.back(), OutcomeKind::exception);
  EXPECT_EQ(last, 5u);
}

}  // namespace
}  // namespace brood::testing::outcome_test

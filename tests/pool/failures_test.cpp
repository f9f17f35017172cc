#include <brood/failures.hpp>

#include <csignal>
#include <sstream>

#include "pool/pool_fixture.hpp"
#include "victims/tasks.hpp"

namespace brood::testing::failures_test {
namespace {

class Failures : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Failures);

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::exception_ptr thrown_by(const auto& body) {
  try {
    body();
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

int dies_if_told(int signal) { return signal == 0 ? 0 : victims::raise_signal(signal); }

int throws_with_a_cause(int x) {
  try {
    throw std::out_of_range("no such key");
  } catch (...) {
    std::throw_with_nested(std::runtime_error("cannot read " + std::to_string(x)));
  }
}

TEST_P(Failures, know_where_the_tasks_own_exceptions_come_from) {
  Pool pool = make_pool(1);
  const std::exception_ptr error =
      thrown_by([&] { pool.with({.exception_retries = 1}).map(throws_with_a_cause, {4}); });
  const std::optional<Origin> from = origin(error);
  ASSERT_TRUE(from);
  EXPECT_EQ(from->worker, pool.workers().at(0).name);
  EXPECT_EQ(from->pid, pool.workers().at(0).pid);
  EXPECT_EQ(from->node, "");
  EXPECT_EQ(from->index, 0u);
  EXPECT_EQ(from->attempt, 2);
}

TEST_P(Failures, know_where_a_worker_was_lost_and_where_one_was_late) {
  Pool pool = make_pool(1);
  const auto lost = pool.try_map(dies_if_told, {0, SIGKILL})[1];
  EXPECT_EQ(origin(lost.error())->index, 1u);
  const auto late = pool.with({.timeout = 100ms}).try_map(victims::burns, {0})[0];
  EXPECT_EQ(origin(late.error())->index, 0u);
  EXPECT_NE(origin(late.error())->worker, origin(lost.error())->worker);
}

TEST(Origin, is_unknown_where_no_task_threw) {
  EXPECT_FALSE(origin(nullptr));
  EXPECT_FALSE(origin(std::make_exception_ptr(std::runtime_error("here"))));
  EXPECT_FALSE(origin(std::make_exception_ptr(Cancelled("early"))));
  EXPECT_FALSE(origin(std::make_exception_ptr(7)));
}

TEST_P(Failures, are_described_with_their_place_their_attempts_and_their_cause) {
  Pool pool = make_pool(1);
  const std::string text = describe(
      thrown_by([&] { pool.with({.exception_retries = 1}).map(throws_with_a_cause, {4}); }));
  EXPECT_TRUE(text.starts_with("std::runtime_error: cannot read 4\n")) << text;
  EXPECT_TRUE(contains(text, "\n  element 0, attempt 2\n")) << text;
  EXPECT_TRUE(contains(text, "\n  worker " + pool.workers().at(0).name)) << text;
  EXPECT_TRUE(contains(text, "\n  attempt 1: ")) << text;
  EXPECT_TRUE(contains(text, "\n  caused by std::out_of_range: no such key")) << text;
  EXPECT_NE(text.back(), '\n');
}

TEST_P(Failures, of_a_worker_are_described_with_what_it_died_of) {
  if (sanitizer_handles_faults()) GTEST_SKIP() << "the sanitizer ends the process itself";
  Pool pool = make_pool(1);
  const std::string text = describe(thrown_by([&] { pool.apply(victims::segfaults, 0); }));
  EXPECT_TRUE(text.starts_with("the worker died by signal 11 (SIGSEGV, Segmentation fault)"))
      << text;
  EXPECT_TRUE(contains(text, "\n  cause: a fault at address 0x0")) << text;
  EXPECT_TRUE(contains(text, "\n  stack trace:\n    ")) << text;
  EXPECT_TRUE(contains(text, "segfaults")) << text;
}

TEST(Description, of_what_is_no_exception_of_a_task_is_its_type_and_text) {
  EXPECT_EQ(describe(nullptr), "");
  EXPECT_EQ(describe(std::make_exception_ptr(std::runtime_error("here"))),
            "std::runtime_error: here");
  EXPECT_EQ(describe(std::make_exception_ptr(7)), "an exception of unknown type");
  EXPECT_EQ(describe(std::make_exception_ptr(Cancelled("early"))), "early");
  EXPECT_EQ(describe(std::make_exception_ptr(TaskTimeout(1500ms, 3, {"SpawnPoolWorker-1", 42}))),
            "element 3 ran longer than its limit of 1.5 s; worker SpawnPoolWorker-1 (pid 42) was "
            "stopped\n  element 3, attempt 1\n  worker SpawnPoolWorker-1 (pid 42)");
}

std::vector<Outcome<int>> outcomes_of_a_bad_day() {
  std::vector<Outcome<int>> outcomes;
  const WorkerIdentity worker{"SpawnPoolWorker-1", 42};
  const auto fail = [&](std::exception_ptr error) {
    outcomes.emplace_back(error, outcomes.size());
  };
  outcomes.emplace_back(5, 0);
  for (std::size_t i = 1; i < 4; ++i)
    fail(std::make_exception_ptr(TaskError("std::out_of_range", "no such key", worker, i)));
  fail(std::make_exception_ptr(WorkerLost({ExitStatus::Kind::signaled, SIGSEGV}, worker, 4)));
  fail(std::make_exception_ptr(TaskTimeout(2s, 5, worker)));
  fail(std::make_exception_ptr(
      WorkerLost({ExitStatus::Kind::signaled, SIGSEGV}, {"another", 43}, 6)));
  return outcomes;
}

TEST(Summary, puts_failures_that_are_alike_together) {
  const FailureSummary found = summary(outcomes_of_a_bad_day());
  EXPECT_EQ(found.total(), 7u);
  EXPECT_EQ(found.failed(), 6u);
  ASSERT_EQ(found.groups().size(), 3u);
  EXPECT_EQ(found.groups()[0].kind, OutcomeKind::exception);
  EXPECT_EQ(found.groups()[0].text, "std::out_of_range: no such key");
  EXPECT_EQ(found.groups()[0].elements, (std::vector<std::size_t>{1, 2, 3}));
  EXPECT_EQ(found.groups()[1].elements, (std::vector<std::size_t>{4, 6}));
  EXPECT_EQ(origin(found.groups()[1].example)->index, 4u);
}

TEST(Summary, prints_as_a_short_table) {
  std::ostringstream stream;
  stream << summary(outcomes_of_a_bad_day());
  EXPECT_EQ(stream.str(),
            "6 of 7 elements failed\n"
            "  3  exception    std::out_of_range: no such key  [1–3]\n"
            "  2  worker lost  signal 11 (SIGSEGV, Segmentation fault)  [4, 6]\n"
            "  1  timeout      longer than 2 s  [5]");
}

TEST(Summary, of_what_went_well_is_one_line) {
  std::vector<Outcome<int>> outcomes;
  for (std::size_t i = 0; i < 1234; ++i) outcomes.emplace_back(1, i);
  EXPECT_EQ(summary(outcomes).str(), "all 1,234 elements succeeded");
  EXPECT_EQ(summary(std::vector<Outcome<void>>{}).str(), "all 0 elements succeeded");
}

TEST(Summary, stays_short_whatever_texts_and_numbers_are) {
  std::vector<Outcome<int>> outcomes;
  std::string text(500, 'x');
  text.replace(20, 5, "\x1b[1mä\n");
  for (std::size_t i = 0; i < 1000; i += 2)
    outcomes.emplace_back(std::make_exception_ptr(TaskError("Odd", text, {"w", 1}, i)), i);
  const std::string table = summary(outcomes).str();
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 1);
  EXPECT_TRUE(contains(table, "[0, 2, 4, 6, 8, 10, …]")) << table;
  EXPECT_LT(table.size(), 200u);
  EXPECT_EQ(table.find('\x1b'), std::string::npos) << "a terminal would take that for a command";
}

TEST_P(Failures, of_many_elements_fit_on_a_screen) {
  Pool pool = make_pool(2);
  std::vector<int> signals(30, 0);
  signals[7] = signals[8] = signals[21] = SIGKILL;
  const std::string table = summary(pool.try_map(dies_if_told, signals)).str();
  EXPECT_TRUE(table.starts_with("3 of 30 elements failed\n")) << table;
  EXPECT_TRUE(contains(table, "[7, 8, 21]")) << table;
}

}  // namespace
}  // namespace brood::testing::failures_test

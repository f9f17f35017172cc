#include <sys/wait.h>

#include <csignal>
#include <map>
#include <numeric>
#include <thread>

#include "pool/pool_fixture.hpp"
#include "support/log_catcher.hpp"
#include "victims/tasks.hpp"

// What workers log through spdlog's default logger comes to the owner's, with the worker's name.
namespace brood::testing::logs_test {
namespace {

using Records = std::vector<LogCatcher::Record>;

class Logs : public PoolTest {
 protected:
  /// What has been logged once the pool is gone.
  static void finish(Pool& pool) {
    pool.close();
    pool.join();
  }
};
BROOD_FOR_EVERY_METHOD(Logs);

std::string logs_and_tells_its_name(const std::string& text) {
  spdlog::warn(text);
  return current_process().name();
}
int logs_and_dies(int x) {
  spdlog::error("last words of {}", x);
  return victims::raise_signal(SIGKILL);
}

TEST_P(Logs, arrive_with_level_text_and_the_name_of_the_worker) {
  const LogCatcher log;
  Pool pool = make_pool(1);
  const std::string name = pool.apply(logs_and_tells_its_name, "hello");
  finish(pool);
  const Records found = log.records();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].text, "[" + name + "] hello");
  EXPECT_EQ(found[0].level, spdlog::level::warn);
}

TEST_P(Logs, keep_their_levels_and_those_below_the_owners_do_not_come) {
  const LogCatcher log(spdlog::level::debug);
  Pool pool = make_pool(1);
  pool.for_each([](int level) { spdlog::log(static_cast<spdlog::level::level_enum>(level), "x"); },
                std::vector<int>{SPDLOG_LEVEL_CRITICAL, SPDLOG_LEVEL_TRACE, SPDLOG_LEVEL_DEBUG,
                                 SPDLOG_LEVEL_INFO, SPDLOG_LEVEL_WARN, SPDLOG_LEVEL_ERROR});
  finish(pool);
  std::vector<int> levels;
  for (const auto& record : log.records()) levels.push_back(record.level);
  EXPECT_EQ(levels, (std::vector<int>{SPDLOG_LEVEL_CRITICAL, SPDLOG_LEVEL_DEBUG, SPDLOG_LEVEL_INFO,
                                      SPDLOG_LEVEL_WARN, SPDLOG_LEVEL_ERROR}));
}

TEST_P(Logs, of_any_text_are_one_record_each) {
  std::vector<std::string> texts{"two\nlines\n", "", "{} {0} %s", std::string(300'000, 'x'),
                                 std::string("a\0b", 3)};
  const LogCatcher log;
  Pool pool = make_pool(1);
  const std::string name = pool.map(logs_and_tells_its_name, texts).front();
  finish(pool);
  texts.back() = "a\\x00b";  // as a terminal may have it
  const Records found = log.records();
  ASSERT_EQ(found.size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i)
    EXPECT_TRUE(found[i].text == "[" + name + "] " + texts[i]) << i;
}

TEST_P(Logs, of_many_arrive_all_and_those_of_one_worker_in_order) {
  const LogCatcher log;
  Pool pool = make_pool(2);
  std::vector<int> inputs(1000);
  std::iota(inputs.begin(), inputs.end(), 0);
  const auto talks = [](int x) {
    for (int i = 0; i < 3; ++i) spdlog::info("{} {}", 3 * x + i, std::string(50, 'x'));
    return x;
  };
  EXPECT_EQ(pool.map(talks, inputs), inputs);  // which travel between the records
  finish(pool);
  std::map<std::string, std::vector<int>> lines;  // by worker
  for (const auto& record : log.records()) {
    const std::size_t end = record.text.find(']');
    lines[record.text.substr(0, end)].push_back(std::stoi(record.text.substr(end + 1)));
  }
  std::size_t count = 0;
  for (const auto& [worker, numbers] : lines) {
    count += numbers.size();
    for (std::size_t i = 0; i < numbers.size(); i += 3)
      EXPECT_EQ(numbers[i] + 2, numbers.at(i + 2)) << worker;
  }
  EXPECT_EQ(count, 3000U);
}

TEST_P(Logs, just_before_a_crash_arrive) {
  const LogCatcher log;
  Pool pool = make_pool(1);
  for (int i = 0; i < 5; ++i) EXPECT_THROW(pool.apply(logs_and_dies, i), WorkerLost);
  const auto later = [](int x) { return x == 50 ? logs_and_dies(x) : x; };
  std::vector<int> inputs(51);
  std::iota(inputs.begin(), inputs.end(), 0);
  const auto found = pool.with({.chunk = 51}).try_map(later, inputs);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(found[static_cast<std::size_t>(i)].value(), i);
  finish(pool);
  for (const int i : {0, 1, 2, 3, 4, 50})
    EXPECT_EQ(log.records_with("] last words of " + std::to_string(i)).size(), 1U) << i;
}

TEST_P(Logs, of_a_task_that_runs_on_arrive_meanwhile) {
  const LogCatcher log;
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  Pool pool = make_pool(1);
  const auto speaks_and_waits = [](const std::string& at) {
    spdlog::info("I wait");
    Gate::pass(at);
  };
  AsyncResult<void> result = pool.apply_async(speaks_and_waits, gate.path());
  EXPECT_TRUE(log.wait_for("I wait"));
  EXPECT_FALSE(result.ready());
  gate.open();
  result.get();
}

TEST_P(Logs, of_initializers_and_exit_hooks_arrive) {
  const LogCatcher log;
  PoolOptions made = options(1);
  made.initializer = [] {
    spdlog::info("coming up");
    at_worker_exit([] { spdlog::info("leaving"); });
  };
  Pool pool(made);
  EXPECT_EQ(pool.apply(square, 2), 4);
  finish(pool);
  EXPECT_EQ(log.records_with("coming up").size(), 1U);
  EXPECT_EQ(log.records_with("leaving").size(), 1U);
}

TEST_P(Logs, of_an_initializer_that_fails_arrive) {
  const LogCatcher log;
  PoolOptions made = options(1);
  made.initializer = [] {
    spdlog::error("no model here");
    throw std::runtime_error("cannot start");
  };
  {
    Pool pool(made);
    EXPECT_THROW(pool.apply(square, 2), StartError);
  }
  EXPECT_FALSE(log.records_with("no model here").empty());
}

TEST_P(Logs, of_another_thread_of_a_worker_arrive_with_the_result) {
  const LogCatcher log;
  Pool pool = make_pool(1);
  const auto talks_in_a_thread = [](int x) {
    std::thread([x] { spdlog::info("from a thread: {}", x); }).join();
    return x;
  };
  EXPECT_EQ(pool.map(talks_in_a_thread, std::vector{1, 2, 3}), (std::vector{1, 2, 3}));
  finish(pool);
  EXPECT_EQ(log.records_with("from a thread").size(), 3U);
}

TEST_P(Logs, of_a_process_that_a_task_has_forked_disturb_nothing) {
  const LogCatcher log;
  Pool pool = make_pool(1);
  const auto forks = [](int x) {
    const int child = ::fork();
    if (child == 0) {
      spdlog::info("from a child");
      ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
    spdlog::info("from the worker");
    return x;
  };
  std::vector<int> inputs(20);
  std::iota(inputs.begin(), inputs.end(), 0);
  EXPECT_EQ(pool.map(forks, inputs), inputs);
  EXPECT_EQ(pool.apply(square, 3), 9);
  finish(pool);
  EXPECT_EQ(log.records_with("from the worker").size(), 20U);
}

/// Logs while it becomes bytes, and when it comes back from them in a worker.
struct Talkative {
  int number = 0;
  void save(OutputArchive& archive) const {
    spdlog::info("saved {}", number);
    archive(number);
  }
  void load(InputArchive& archive) {
    archive(number);
    spdlog::info("loaded {}", number);
  }
};

TEST_P(Logs, of_an_encoder_disturb_no_result) {
  const LogCatcher log;
  Pool pool = make_pool(1);
  const auto doubled = [](const Talkative& x) { return Talkative{2 * x.number}; };
  std::vector<Talkative> inputs(100);
  for (int i = 0; i < 100; ++i) inputs[static_cast<std::size_t>(i)].number = i;
  const std::vector<Talkative> results = pool.map(doubled, inputs);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(results[static_cast<std::size_t>(i)].number, 2 * i);
  finish(pool);
  EXPECT_EQ(log.records_with("] saved").size(), 100U);
  EXPECT_EQ(log.records_with("] loaded").size(), 100U);
}

}  // namespace
}  // namespace brood::testing::logs_test

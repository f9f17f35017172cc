#include <sys/resource.h>

#include "replay/replay_fixture.hpp"
#include "support/log_catcher.hpp"
#include "victims/tasks.hpp"

// PoolOptions::save_failed: what is kept of elements that fail.
namespace brood::testing::save_failed_test {
namespace {

class SaveFailed : public PoolTest {
 protected:
  Pool saving(int workers = 2) const {
    PoolOptions made = options(workers);
    made.save_failed = directory_.path();
    return Pool(std::move(made));
  }
  const FailedDirectory& directory() const { return directory_; }
  std::string only_file() const {
    const std::vector<std::string> files = directory_.files();
    EXPECT_EQ(files.size(), 1u);
    return files.empty() ? std::string() : files.front();
  }

 private:
  FailedDirectory directory_;
};
BROOD_FOR_EVERY_METHOD(SaveFailed);

int fails_at_seven(int value) {
  if (value == 7) throw std::out_of_range("no such key: seven");
  return -value;
}
int dies_at_seven(int value) {
  if (value == 7) ::raise(SIGKILL);
  return -value;
}
int hangs_at_seven(int value) {
  while (value == 7) ::pause();
  return -value;
}
int fails_by_text(const std::string& text) { throw std::runtime_error("bad text: " + text); }
int fails_by_sum(int a, int b) { throw std::runtime_error("sum " + std::to_string(a + b)); }
std::vector<int> up_to(int end) {
  std::vector<int> made;
  for (int i = 0; i < end; ++i) made.push_back(i);
  return made;
}

TEST_P(SaveFailed, an_exception_is_kept_and_says_how_to_run_it_again) {
  const Pool pool = saving();
  std::string what;
  try {
    pool.map(fails_at_seven, up_to(20));
  } catch (const std::out_of_range& error) {
    what = describe(std::current_exception());
    ASSERT_TRUE(origin(std::current_exception()));
    EXPECT_EQ(origin(std::current_exception())->saved, only_file());
    const auto* const nested = dynamic_cast<const std::nested_exception*>(&error);
    ASSERT_NE(nested, nullptr);
    const auto task = caught_in<TaskError>(nested->nested_ptr());
    EXPECT_EQ(task.saved(), only_file());
    EXPECT_TRUE(contains(task.what(), "; run it again: ")) << task.what();
  }
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  EXPECT_TRUE(contains(what, "run it again: " + program + " --brood-replay " + only_file()))
      << what;
  const Rerun again = run_again(only_file());
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_EQ(again.output,
            "brood: element 7 threw std::out_of_range: no such key: seven\nbrood: when it was "
            "saved: std::out_of_range: no such key: seven\n");
}

TEST_P(SaveFailed, a_death_is_kept_and_is_that_of_the_program_that_runs_it_again) {
  const Pool pool = saving();
  const std::vector<Outcome<int>> outcomes = pool.try_map(dies_at_seven, up_to(20));
  const auto lost = caught_in<WorkerLost>(outcomes[7].error());
  EXPECT_EQ(lost.saved(), only_file());
  EXPECT_EQ(lost.signal(), SIGKILL);
  EXPECT_TRUE(contains(lost.what(), "--brood-replay " + only_file())) << lost.what();
  EXPECT_TRUE(contains(describe(outcomes[7].error()), "--brood-replay " + only_file()));
  EXPECT_EQ(run_again(only_file()).exit_code, -SIGKILL);
}

TEST_P(SaveFailed, a_timeout_is_kept) {
  const Pool pool = saving();
  const std::vector<Outcome<int>> outcomes =
      pool.with({.timeout = 100ms, .chunk = 1}).try_map(hangs_at_seven, std::vector{6, 7});
  const auto late = caught_in<TaskTimeout>(outcomes[1].error());
  EXPECT_EQ(late.saved(), only_file());
  EXPECT_EQ(late.index(), 1u);
  EXPECT_TRUE(contains(only_file(), "-element1-attempt1")) << only_file();
}

template <class Call>
std::string rerun_of(const FailedDirectory& directory, Call call) {
  EXPECT_ANY_THROW(call());
  const std::vector<std::string> files = directory.files();
  if (files.size() != 1) return std::to_string(files.size()) + " files";
  std::string output = run_again(files.front()).output;
  std::filesystem::remove(files.front());
  return output.substr(0, output.find('\n'));
}

TEST_P(SaveFailed, every_verb_keeps_what_fails_in_it) {
  const Pool pool = saving();
  const auto first = [&](auto call) { return rerun_of(directory(), call); };
  EXPECT_EQ(first([&] { pool.apply(fails_at_seven, 7); }),
            "brood: element 0 threw std::out_of_range: no such key: seven");
  EXPECT_EQ(first([&] { pool.apply_async(fails_at_seven, 7).get(); }),
            "brood: element 0 threw std::out_of_range: no such key: seven");
  EXPECT_EQ(first([&] { pool.apply(fails_by_sum, 3, 4); }),
            "brood: element 0 threw std::runtime_error: sum 7");
  EXPECT_EQ(first([&] {
              pool.starmap(fails_by_sum, std::vector<std::tuple<int, int>>{{5, 6}});
            }),
            "brood: element 0 threw std::runtime_error: sum 11");
  EXPECT_EQ(first([&] { pool.map(fails_by_text, {std::string("abc")}); }),
            "brood: element 0 threw std::runtime_error: bad text: abc");
  EXPECT_EQ(first([&] {
              for (const int value : pool.imap(fails_at_seven, up_to(20))) static_cast<void>(value);
            }),
            "brood: element 7 threw std::out_of_range: no such key: seven");
  EXPECT_EQ(first([&] { pool.map_reduce(fails_at_seven, up_to(20), std::plus<int>(), 0); }),
            "brood: element 7 threw std::out_of_range: no such key: seven");
  EXPECT_EQ(first([&] {
              pool.map(
                  task([](int bound,
                          int x) -> int { throw std::runtime_error(std::to_string(bound + x)); },
                       100),
                  {1});
            }),
            "brood: element 0 threw std::runtime_error: 101");
  EXPECT_EQ(first([&] {
              pool.map(copied([add = 7](int x) -> int {
                         throw std::runtime_error(std::to_string(add + x));
                       }),
                       {1});
            }),
            "brood: element 0 threw std::runtime_error: 8");
  EXPECT_EQ(first([&] {
              pool.apply(
                  [](const std::vector<double>& all) -> int {
                    throw std::runtime_error(std::to_string(all.size()));
                  },
                  std::vector<double>(300'000, 2.5));
            }),
            "brood: element 0 threw std::runtime_error: 300000");
}

TEST_P(SaveFailed, calls_that_travel_together_are_kept_one_by_one) {
  const Pool pool = saving();
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < 200; ++i) results.push_back(pool.apply_async(fails_at_seven, i % 100));
  for (int i = 0; i < 200; ++i) {
    if (i % 100 == 7) {
      EXPECT_THROW(results[static_cast<std::size_t>(i)].get(), std::out_of_range);
    } else {
      EXPECT_EQ(results[static_cast<std::size_t>(i)].get(), -(i % 100));
    }
  }
  const std::vector<std::string> files = directory().files();
  ASSERT_EQ(files.size(), 2u);
  for (const std::string& file : files)
    EXPECT_THROW(std::rethrow_exception(replay(file).error()), std::out_of_range);
}

TEST_P(SaveFailed, a_chunk_that_is_folded_is_kept_as_the_element_that_died) {
  const Pool pool = saving();
  EXPECT_THROW(pool.with({.chunk = 20}).map_reduce(dies_at_seven, up_to(20), std::plus<int>(), 0),
               WorkerLost);
  EXPECT_TRUE(contains(only_file(), "-element7-attempt1")) << only_file();
}

TEST_P(SaveFailed, what_ends_well_after_another_attempt_or_is_cancelled_is_not_kept) {
  Pool pool = saving(1);
  const auto at_second = [](int x) {
    if (this_task::attempt() == 1) throw std::runtime_error("again");
    return x;
  };
  EXPECT_EQ(pool.with({.exception_retries = 2}).map(at_second, {1, 2}), (std::vector{1, 2}));
  AsyncResult<int> hanging = pool.apply_async(hangs_at_seven, 7);
  while (!hanging.cancel(Kill::yes) && !hanging.ready()) {
  }
  EXPECT_THROW(hanging.get(), Cancelled);
  pool.terminate();
  pool.join();
  EXPECT_TRUE(directory().files().empty());
}

TEST_P(SaveFailed, the_last_attempt_is_the_one_that_is_run_again) {
  const Pool pool = saving();
  const auto tells = [](int) -> int {
    throw std::runtime_error("attempt " + std::to_string(this_task::attempt()) + " of element " +
                             std::to_string(this_task::index()));
  };
  EXPECT_ANY_THROW(pool.with({.exception_retries = 2}).map(tells, {1}));
  EXPECT_TRUE(contains(only_file(), "-attempt3")) << only_file();
  EXPECT_TRUE(contains(run_again(only_file()).output, "attempt 3 of element 0"));
}

TEST_P(SaveFailed, what_nothing_asks_for_is_kept_when_the_pool_ends) {
  {
    PoolOptions made = options(1);
    made.save_failed = directory().path();
    made.on_unobserved_error = [](const std::exception_ptr&) {};
    Pool pool(std::move(made));
    pool.apply_async(fails_at_seven, 7);
    pool.close();
    pool.join();
  }
  EXPECT_NE(only_file(), "");
}

TEST_P(SaveFailed, the_environment_names_the_directory_where_the_options_do_not) {
  const FailedDirectory other;
  ::setenv("BROOD_SAVE_FAILED", other.path().c_str(), 1);
  const Pool by_environment(options(1));
  const Pool by_options = saving(1);
  ::unsetenv("BROOD_SAVE_FAILED");
  EXPECT_ANY_THROW(by_environment.apply(fails_at_seven, 7));
  EXPECT_ANY_THROW(by_options.apply(fails_at_seven, 7));
  EXPECT_EQ(other.files().size(), 1u);
  EXPECT_EQ(directory().files().size(), 1u);
}

TEST_P(SaveFailed, a_directory_that_is_gone_ends_nothing_and_is_told_once) {
  const LogCatcher log(spdlog::level::warn);
  Pool pool = saving();
  std::filesystem::remove_all(directory().path());
  const std::vector<Outcome<int>> outcomes = pool.try_map(fails_at_seven, std::vector{7, 7, 7, 1});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(origin(outcomes[static_cast<std::size_t>(i)].error())->saved, "");
    EXPECT_FALSE(contains(describe(outcomes[static_cast<std::size_t>(i)].error()), "replay"));
  }
  EXPECT_EQ(*outcomes[3], -1);
  pool.close();
  pool.join();
  std::size_t told = 0;
  for (const auto& record : log.records()) told += contains(record.text, "not saved any more");
  EXPECT_EQ(told, 1u);
}

TEST_P(SaveFailed, a_file_that_the_system_refuses_ends_nothing) {
  const LogCatcher log(spdlog::level::warn);
  Pool pool = saving(1);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{16, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const std::vector<Outcome<int>> outcomes = pool.try_map(fails_at_seven, std::vector{7, 7, 1});
  EXPECT_EQ(origin(outcomes[0].error())->saved, "");
  EXPECT_EQ(origin(outcomes[1].error())->saved, "");
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(*outcomes[2], -1);
  EXPECT_TRUE(directory().files().empty());
  pool.close();
  pool.join();
  std::size_t told = 0;
  for (const auto& record : log.records()) told += contains(record.text, "not saved any more");
  EXPECT_EQ(told, 1u);
}

TEST_P(SaveFailed, a_thousand_files_are_the_most_of_a_pool) {
  const LogCatcher log(spdlog::level::warn);
  Pool pool = saving();
  const std::vector<Outcome<int>> outcomes =
      pool.try_map(fails_at_seven, std::vector<int>(1010, 7));
  std::size_t kept = 0;
  for (const Outcome<int>& outcome : outcomes) kept += !origin(outcome.error())->saved.empty();
  EXPECT_EQ(kept, 1000u);
  EXPECT_EQ(directory().files().size(), 1000u);
  pool.close();
  pool.join();
}

class SaveFailedDirectory : public PoolCheck {};

std::string refusal(const std::string& directory) {
  return caught<UsageError>([&] { Pool pool({.workers = 1, .save_failed = directory}); }).what();
}

TEST_F(SaveFailedDirectory, is_made_where_it_is_missing) {
  const FailedDirectory above;
  const std::string below = above.path() + "/a/b";
  const Pool pool({.workers = 1, .save_failed = below});
  EXPECT_ANY_THROW(pool.apply(fails_at_seven, 7));
  EXPECT_EQ(above.files().size(), 1u);
}

TEST_F(SaveFailedDirectory, is_refused_where_no_files_can_be_made_in_it) {
  const FailedDirectory above;
  write_bytes(above.path() + "/file", "text");
  const std::string text = refusal(above.path() + "/file");
  EXPECT_TRUE(contains(text, "save_failed: no files can be made in the directory")) << text;
  EXPECT_NE(refusal("/proc/brood"), "");
}

}  // namespace
}  // namespace brood::testing::save_failed_test

#include <csignal>

#include "pool/pool_fixture.hpp"
#include "victims/tasks.hpp"

namespace brood::testing::initializer_test {
namespace {

class Initializer : public PoolTest {
 protected:
  Pool pool_with(int workers, Call initializer) const {
    PoolOptions made = options(workers);
    made.initializer = std::move(initializer);
    return Pool(std::move(made));
  }
  Scratch scratch_;
};
BROOD_FOR_EVERY_METHOD(Initializer);

int loaded = 0;
void load(int value) { loaded = value; }
int what_is_loaded() { return loaded; }
void throws_always(const std::string& log) {
  append_line(log, std::to_string(::getpid()));
  throw std::runtime_error("no model in /nowhere");
}
void exits_always(const std::string& log) {
  append_line(log, std::to_string(::getpid()));
  ::_exit(9);
}
void waits(const std::string& gate) { Gate::pass(gate); }
/// Fails in every worker but the first.
void second_fails(const std::string& log) {
  append_line(log, std::to_string(::getpid()));
  // By which came first, not by how many there are: two may both have written before either reads.
  if (lines_of(log).front() != std::to_string(::getpid()))
    throw std::runtime_error("only one may load");
}
void dies_the_first_three_times(const std::string& log) {
  append_line(log, std::to_string(::getpid()));
  if (lines_of(log).size() <= 2) victims::raise_signal(SIGKILL);
}

TEST_P(Initializer, runs_once_in_each_worker_before_its_first_task) {
  {
    Pool pool = pool_with(2, task(load, 42));
    for (int i = 0; i < 20; ++i) EXPECT_EQ(pool.apply(what_is_loaded), 42);
  }
  EXPECT_EQ(loaded, 0);
}

TEST_P(Initializer, may_be_a_captureless_lambda) {
  Pool pool = pool_with(1, [] { load(3); });
  EXPECT_EQ(pool.apply(what_is_loaded), 3);
}

TEST_P(Initializer, may_keep_ctrl_c_from_its_worker) {
  Pool pool = pool_with(1, [] { std::signal(SIGINT, SIG_IGN); });
  const int pid = pool.apply(pid_here);
  ::kill(pid, SIGINT);
  EXPECT_EQ(pool.apply(pid_here), pid);
}

TEST_P(Initializer, that_throws_fails_the_tasks_with_its_message) {
  const std::string log = scratch_.path("log");
  {
    Pool pool = pool_with(2, task(throws_always, log));
    const auto error = caught<StartError>([&] { pool.apply(square, 2); });
    EXPECT_TRUE(contains(error.what(), "no model in /nowhere")) << error.what();
    EXPECT_EQ(error.stage(), "initializer");
    EXPECT_EQ(error.method(), method());
    EXPECT_THROW(pool.map(square, std::vector<int>(10, 1)), StartError);
    EXPECT_THROW(pool.imap(square, std::vector<int>(10, 1)).next(), StartError);
  }
  // Bounded: a pool does not go on for ever to start workers that will not come up.
  EXPECT_LE(lines_of(log).size(), 2U * (1 + 10));
}

TEST_P(Initializer, that_throws_does_not_keep_the_pool_from_ending) {
  Pool closed = pool_with(2, task(throws_always, scratch_.path("a")));
  closed.close();
  closed.join();
  Pool terminated = pool_with(2, task(throws_always, scratch_.path("b")));
  terminated.terminate();
  terminated.join();
}

TEST_P(Initializer, that_exits_fails_the_tasks) {
  const std::string log = scratch_.path("log");
  {
    Pool pool = pool_with(2, task(exits_always, log));
    const auto error = caught<StartError>([&] { pool.apply(square, 2); });
    EXPECT_TRUE(contains(error.what(), "exit code 9")) << error.what();
    EXPECT_EQ(error.stage(), "initializer");
  }
  EXPECT_LE(lines_of(log).size(), 2U * (1 + 10));
}

TEST_P(Initializer, that_hangs_fails_the_tasks_after_the_start_timeout) {
  Gate gate(scratch_.path("gate"));
  PoolOptions made = options(1);
  made.initializer = task(waits, gate.path());
  made.start_timeout = 1s;  // enough to greet on a busy machine
  Pool pool(made);
  const auto error = caught<StartError>([&] { pool.apply(square, 2); });
  EXPECT_EQ(error.stage(), "initializer");
  EXPECT_TRUE(contains(error.what(), "not ready within 1000 ms (start_timeout)")) << error.what();
}

TEST_P(Initializer, that_fails_in_the_second_worker_only_leaves_the_first_at_work) {
  Pool pool = pool_with(2, task(second_fails, scratch_.path("log")));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(pool.apply(square, i), i * i);
  EXPECT_EQ(pool.map(square, std::vector<int>(100, 2)), std::vector<int>(100, 4));
}

TEST_P(Initializer, that_dies_at_first_is_tried_again) {
  Pool pool = pool_with(1, task(dies_the_first_three_times, scratch_.path("log")));
  EXPECT_EQ(pool.apply(square, 4), 16);
}

TEST_P(Initializer, has_its_bound_values_encoded_when_the_options_are_made) {
  std::string text = "early";
  const auto keep = [](const std::string& s) { loaded = static_cast<int>(s.size()); };
  const Call call = task(keep, text);
  text = "later than that";
  Pool pool = pool_with(1, call);
  EXPECT_EQ(pool.apply(what_is_loaded), 5);
}

}  // namespace
}  // namespace brood::testing::initializer_test

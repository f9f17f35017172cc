#include <cstdlib>

#include "pool/pool_fixture.hpp"

// BROOD_START_METHOD overrides the start method of every pool.
namespace brood::testing::start_method_environment_test {
namespace {

class StartMethodVariable : public PoolCheck {
 protected:
  void TearDown() override {
    ::unsetenv("BROOD_START_METHOD");
    PoolCheck::TearDown();
  }
  static void set(const char* value) { ::setenv("BROOD_START_METHOD", value, 1); }
};

std::string first_worker(Pool& pool) {
  return pool.apply([] { return this_worker::name(); });
}

struct Unused : Launcher {
  std::string name() const override { return "unused"; }
  int launch(WorkerCommand) override { throw std::runtime_error("it is not used"); }
};

TEST_F(StartMethodVariable, overrides_what_pools_say) {
  for (const auto& [value, prefix] :
       {std::pair("inline", "Inline"), std::pair("fork", "Fork"), std::pair("spawn", "Spawn"),
        std::pair("forkserver", "ForkServer")}) {
    set(value);
    Pool named({.workers = 1, .start_method = "spawn"});
    Pool unnamed(1);
    Pool launched({.workers = 1, .start_method = std::make_shared<Unused>()});
    for (Pool* const pool : {&named, &unnamed, &launched})
      EXPECT_TRUE(first_worker(*pool).starts_with(prefix + std::string("PoolWorker-"))) << value;
  }
}

TEST_F(StartMethodVariable, is_ignored_where_it_is_empty) {
  set("");
  Pool pool({.workers = 1, .start_method = "spawn"});
  EXPECT_TRUE(first_worker(pool).starts_with("SpawnPoolWorker-"));
}

TEST_F(StartMethodVariable, lists_the_names_where_it_names_none) {
  set("thread");
  const auto error = caught<UsageError>([] { Pool pool(1); });
  EXPECT_EQ(std::string(error.what()),
            "environment variable BROOD_START_METHOD: unknown start method \"thread\"; known are "
            "\"forkserver\", \"fork\", \"spawn\", \"inline\"");
}

std::string worker_of_a_nested_pool() {
  Pool pool({.workers = 1, .start_method = "fork"});
  return first_worker(pool);
}

TEST_F(StartMethodVariable, is_inherited_by_workers_whose_pools_it_overrides_too) {
  set("spawn");
  Pool pool({.workers = 1, .start_method = "fork"});
  EXPECT_TRUE(pool.apply(worker_of_a_nested_pool).starts_with("SpawnPoolWorker-"));
  set("inline");
  Pool here({.workers = 1, .start_method = "fork"});
  EXPECT_TRUE(here.apply(worker_of_a_nested_pool).starts_with("InlinePoolWorker-"));
}

TEST_F(StartMethodVariable, leaves_processes_alone) {
  set("inline");
  Process process({.start_method = "spawn"}, square, 3);
  process.start();
  process.join();
  EXPECT_EQ(process.exit_code(), 0);
}

TEST_F(StartMethodVariable, runs_tasks_of_a_sandboxed_pool_without_it_when_it_says_inline) {
  set("inline");
  Pool pool({.workers = 1, .sandbox = Sandbox::compute});
  EXPECT_EQ(pool.apply(pid_here), ::getpid());
}

int pool_in_a_task(int x) {
  Pool pool({.start_method = "inline"});
  return pool.apply(square, x) + static_cast<int>(this_task::index());
}

class InlineInAWorker : public PoolTest {};
BROOD_FOR_EVERY_METHOD(InlineInAWorker);

TEST_P(InlineInAWorker, a_pool_inline_runs_in_the_worker) {
  Pool pool = make_pool(2);
  EXPECT_EQ(pool.map(pool_in_a_task, {1, 2, 3}), (std::vector{1, 5, 11}));
}

}  // namespace
}  // namespace brood::testing::start_method_environment_test

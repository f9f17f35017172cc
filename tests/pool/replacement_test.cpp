#include <ctime>
#include <map>
#include <set>

#include "pool/pool_fixture.hpp"

// Workers that leave after max_tasks_per_worker elements.
namespace brood::testing::replacement_test {
namespace {

class Replacement : public PoolTest {
 protected:
  Pool pool_of(int workers, int max_tasks) const {
    PoolOptions made = options(workers);
    made.max_tasks_per_worker = max_tasks;
    return Pool(made);
  }
};
BROOD_FOR_EVERY_METHOD(Replacement);

std::map<int, int> tasks_by_pid(const std::vector<int>& pids) {
  std::map<int, int> counts;
  for (const int pid : pids) ++counts[pid];
  return counts;
}
std::vector<int> pids_of_applies(Pool& pool, int count) {
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < count; ++i) results.push_back(pool.apply_async(pid_here));
  std::vector<int> pids;
  for (AsyncResult<int>& result : results) pids.push_back(result.get());
  return pids;
}

TEST_P(Replacement, one_worker_and_two_tasks_each) {
  Pool pool = pool_of(1, 2);
  const std::map<int, int> counts = tasks_by_pid(pids_of_applies(pool, 6));
  EXPECT_EQ(counts.size(), 3U);
  for (const auto& [pid, count] : counts) EXPECT_EQ(count, 2);
}

TEST_P(Replacement, two_workers_and_two_tasks_each) {
  Pool pool = pool_of(2, 2);
  const std::map<int, int> counts = tasks_by_pid(pids_of_applies(pool, 8));
  for (const auto& [pid, count] : counts) EXPECT_LE(count, 2);
  EXPECT_GE(counts.size(), 4U);
  EXPECT_LE(counts.size(), 5U);
}

TEST_P(Replacement, three_workers_and_one_task_each) {
  Pool pool = pool_of(3, 1);
  const int count = times(method() == "spawn" ? 100 : 300, 30);
  EXPECT_EQ(tasks_by_pid(pids_of_applies(pool, count)).size(), static_cast<std::size_t>(count));
}

TEST_P(Replacement, counts_elements_and_not_chunks) {
  Pool pool = pool_of(1, 10);
  const auto pid_of = [](int) { return ::getpid(); };
  const auto pids = pool.with({.chunk = 25}).map(pid_of, std::vector<int>(100, 0));
  const std::map<int, int> counts = tasks_by_pid(pids);
  EXPECT_EQ(counts.size(), 10U);
  for (const auto& [pid, count] : counts) EXPECT_EQ(count, 10);
}

TEST_P(Replacement, blocking_applies_count_too) {
  Pool pool = pool_of(1, 3);
  std::vector<int> pids;
  for (int i = 0; i < 9; ++i) pids.push_back(pool.apply(pid_here));
  const std::map<int, int> counts = tasks_by_pid(pids);
  EXPECT_EQ(counts.size(), 3U);
  for (const auto& [pid, count] : counts) EXPECT_EQ(count, 3);
}

TEST_P(Replacement, races_with_close_and_ends) {
  const int rounds = times(method() == "spawn" ? 15 : 40, 5);
  for (int round = 0; round < rounds; ++round) {
    Pool pool = pool_of(2, 1);
    std::vector<AsyncResult<int>> results;
    for (int i = 0; i < 6; ++i) results.push_back(pool.apply_async(square, i));
    pool.close();
    pool.join();
    for (int i = 0; i < 6; ++i) EXPECT_EQ(results[static_cast<std::size_t>(i)].get(), i * i);
  }
}

void dies_when_it_leaves() {
  at_worker_exit([] { ::raise(SIGKILL); });
}
void hangs_when_it_leaves() {
  at_worker_exit([] {
    for (;;) ::pause();
  });
}

TEST_P(Replacement, that_dies_while_it_leaves_costs_no_result) {
  PoolOptions made = options(2);
  made.initializer = task(dies_when_it_leaves);
  made.max_tasks_per_worker = 1;
  Pool pool(made);
  const auto outcomes = pool.with({.chunk = 1}).try_map(square, {1, 2, 3, 4, 5, 6, 7});
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    EXPECT_EQ(outcomes[i].value(), static_cast<int>((i + 1) * (i + 1)));
  pool.close();
  pool.join();
}

TEST_P(Replacement, that_hangs_while_it_leaves_is_stopped_after_the_start_timeout) {
  PoolOptions made = options(1);
  made.initializer = task(hangs_when_it_leaves);
  made.max_tasks_per_worker = 1;
  made.start_timeout = times(1s, 5s);
  Pool pool(made);
  EXPECT_EQ(pool.map(square, {1, 2}), (std::vector{1, 4}));
  pool.close();
  pool.join();
}

TEST_P(Replacement, has_a_name_of_its_own_as_in_python) {
  Pool pool = pool_of(1, 1);
  std::set<std::string> names;
  for (int i = 0; i < 4; ++i) names.insert(pool.apply([] { return current_process().name(); }));
  EXPECT_EQ(names.size(), 4U);
}

TEST_P(Replacement, runs_the_initializer_in_each_new_worker) {
  const Scratch scratch;
  PoolOptions made = options(1);
  made.max_tasks_per_worker = 2;
  const auto note = [](const std::string& log) { append_line(log, std::to_string(::getpid())); };
  made.initializer = task(note, scratch.path("log"));
  std::set<std::string> expected;
  {
    Pool pool(made);
    for (const int pid : pids_of_applies(pool, 6)) expected.insert(std::to_string(pid));
    pool.close();
    pool.join();
  }
  const std::vector<std::string> lines = lines_of(scratch.path("log"));
  const std::set<std::string> found(lines.begin(), lines.end());
  EXPECT_EQ(found.size(), lines.size());
  for (const std::string& pid : expected) EXPECT_TRUE(found.contains(pid));
}

TEST_P(Replacement, does_nothing_to_a_pool_that_waits) {
  Pool pool = pool_of(2, 1);
  pool.apply(square, 1);
  pool.map(square, std::vector<int>(10, 1));
  EXPECT_LE(pool.workers().size(), 2U);
  EXPECT_EQ(pool.apply(square, 5), 25);
}

// Arguments that fill the ring of tasks, so that its socket is watched; a worker that leaves closes
// that, and the next one gets descriptors of the same numbers.
TEST_P(Replacement, of_workers_with_large_arguments_notices_every_end) {
  Pool pool = pool_of(4, 1);
  const std::vector<std::string> inputs(method() == "spawn" ? 60 : 200, std::string(1 << 20, 'x'));
  const auto length = [](const std::string& s) { return s.size(); };
  auto lengths = pool.map_async(length, inputs);
  EXPECT_EQ(lengths.get_for(patience), std::vector<std::size_t>(inputs.size(), 1 << 20));
  pool.close();
  EXPECT_TRUE(pool.join_for(patience));
}

class WorkersTable : public PoolTest {};
BROOD_FOR_EVERY_METHOD(WorkersTable);

TEST_P(WorkersTable, names_the_workers_as_python_does) {
  Pool pool = make_pool(3);
  const std::map<std::string, std::string> prefixes{
      {"fork", "Fork"}, {"forkserver", "ForkServer"}, {"spawn", "Spawn"}};
  const std::string prefix = prefixes.at(method()) + "PoolWorker-";
  std::set<std::string> names;
  for (const WorkerInfo& worker : pool.workers()) {
    EXPECT_TRUE(worker.name.starts_with(prefix)) << worker.name;
    names.insert(worker.name);
  }
  EXPECT_EQ(names.size(), 3U);
  EXPECT_TRUE(names.contains(pool.apply([] { return current_process().name(); })));
  EXPECT_EQ(current_process().name(), "MainProcess");
}

TEST_P(WorkersTable, tells_pid_state_tasks_memory_and_time) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Gate gate(scratch.path("gate"));
  const int pid = pool.apply(pid_here);
  WorkerInfo worker = pool.workers().at(0);
  EXPECT_EQ(worker.pid, pid);
  EXPECT_EQ(worker.state, "idle");
  EXPECT_EQ(worker.tasks_done, 1U);
  EXPECT_GT(worker.memory, 100'000U);
  const auto tell_and_wait = [](const std::string& mail, const std::string& at) {
    while (std::clock() < CLOCKS_PER_SEC / 50) {
    }
    Mailbox::send(mail, "running");
    Gate::pass(at);
  };
  AsyncResult<void> result = pool.apply_async(tell_and_wait, mailbox.path(), gate.path());
  mailbox.receive();
  worker = pool.workers().at(0);
  EXPECT_EQ(worker.state, "busy");
  EXPECT_GT(worker.cpu_time, 1ms);
  gate.open();
  result.get();
  EXPECT_EQ(pool.workers().at(0).tasks_done, 2U);
}

TEST_P(WorkersTable, is_empty_after_the_end) {
  Pool pool = make_pool(2);
  EXPECT_EQ(pool.workers().size(), 2U);
  pool.close();
  pool.join();
  EXPECT_TRUE(pool.workers().empty());
}

}  // namespace
}  // namespace brood::testing::replacement_test

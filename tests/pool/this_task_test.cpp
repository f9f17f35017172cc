#include <brood/this_task.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <numeric>
#include <random>
#include <set>
#include <thread>

#include <brood/this_worker.hpp>
#include "pool/pool_fixture.hpp"
#include "victims/tasks.hpp"

namespace brood::testing::this_task_test {
namespace {

class ThisTask : public PoolTest {};
BROOD_FOR_EVERY_METHOD(ThisTask);

std::size_t own_index(int) { return this_task::index(); }
std::size_t index_alone() { return this_task::index(); }

TEST_P(ThisTask, knows_the_place_of_its_element_in_every_verb) {
  Pool pool = make_pool(2);
  const std::vector<int> input(100);
  std::vector<std::size_t> places(input.size());
  std::iota(places.begin(), places.end(), 0);
  EXPECT_EQ(pool.map(own_index, input), places);
  EXPECT_EQ(pool.with({.chunk = 7}).map(own_index, input), places);
  EXPECT_EQ(pool.map_async(own_index, input).get(), places);
  std::vector<std::size_t> seen;
  for (const std::size_t index : pool.imap(own_index, input)) seen.push_back(index);
  EXPECT_EQ(seen, places);
  EXPECT_EQ(pool.map_reduce(own_index, input, std::plus<std::size_t>(), std::size_t{0}), 4950u);
}

TEST_P(ThisTask, is_number_0_of_a_call_of_its_own) {
  Pool pool = make_pool(1);
  EXPECT_EQ(pool.apply(own_index, 5), 0u);
  std::vector<AsyncResult<std::size_t>> results;  // they travel together
  for (int i = 0; i < 200; ++i) results.push_back(pool.apply_async(own_index, i));
  for (const auto& result : results) EXPECT_EQ(result.get(), 0u);
  EXPECT_EQ(pool.apply(index_alone), 0u);
}

std::string what_index_throws() {
  std::string what;
  std::thread([&] {
    try {
      this_task::index();
    } catch (const UsageError& error) {
      what = error.what();
    }
  }).join();
  return what;
}

TEST_P(ThisTask, is_none_in_another_thread) {
  Pool pool = make_pool(1);
  EXPECT_EQ(pool.apply(what_index_throws),
            "brood::this_task::index: this thread runs no task of a pool");
}

TEST(NoTask, has_neither_attempt_nor_index_nor_random_numbers) {
  EXPECT_EQ(this_task::attempt(), 0);
  EXPECT_THROW(this_task::index(), UsageError);
  EXPECT_THROW(this_task::random(1), UsageError);
  EXPECT_THROW(this_worker::name(), UsageError);
  EXPECT_THROW(this_worker::slot(), UsageError);
}

double walk(int steps) {
  RandomStream random = this_task::random(2026);
  std::normal_distribution<double> step;
  double place = 0;
  for (int i = 0; i < steps; ++i) place += step(random);
  if (steps % 3 == 0 && this_task::attempt() == 1) throw std::runtime_error("once more");
  return place;
}

TEST_P(ThisTask, has_the_same_random_numbers_whatever_workers_chunks_and_attempts_are) {
  std::vector<int> steps(40);
  std::iota(steps.begin(), steps.end(), 1);
  std::vector<double> places;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    RandomStream random(2026, i);
    std::normal_distribution<double> step;
    places.push_back(0);
    for (int n = 0; n < steps[i]; ++n) places.back() += step(random);
  }
  Pool one = make_pool(1);
  Pool three = make_pool(3);
  const CallOptions again = {.exception_retries = 1};
  EXPECT_EQ(one.with(again).map(walk, steps), places);
  EXPECT_EQ(three.with(again).map(walk, steps), places);
  EXPECT_EQ(three.with({.exception_retries = 1, .chunk = 1}).map(walk, steps), places);
  EXPECT_EQ(std::set<double>(places.begin(), places.end()).size(), places.size());
}

class ThisWorker : public PoolTest {};
BROOD_FOR_EVERY_METHOD(ThisWorker);

std::pair<int, std::string> own_slot(int) { return {this_worker::slot(), this_worker::name()}; }
// Comes back when as many as there are workers have come.
int slot_beside_others(const Barrier& barrier) {
  barrier.wait();
  return this_worker::slot();
}

TEST_P(ThisWorker, has_a_slot_that_no_other_has) {
  constexpr int workers = 4;
  Pool pool = make_pool(workers);
  const Barrier barrier(workers);
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < workers; ++i)
    results.push_back(pool.apply_async(slot_beside_others, barrier));
  std::set<int> slots;
  for (const auto& result : results) slots.insert(result.get());
  EXPECT_EQ(slots, (std::set{0, 1, 2, 3}));
}

int slot_of_the_dead() {
  if (this_task::attempt() == 1) victims::raise_signal(SIGKILL);
  return this_worker::slot();
}

TEST_P(ThisWorker, takes_the_slot_of_the_one_that_it_replaces) {
  Pool pool = make_pool(1);
  const std::string first = pool.apply(own_slot, 0).second;
  EXPECT_EQ(pool.with({.crash_retries = 1}).apply(slot_of_the_dead), 0);
  const auto [slot, name] = pool.apply(own_slot, 0);
  EXPECT_EQ(slot, 0);
  EXPECT_NE(name, first);
}

TEST_P(ThisWorker, has_the_name_that_the_pool_knows) {
  Pool pool = make_pool(1);
  EXPECT_EQ(pool.apply(own_slot, 0).second, pool.workers().at(0).name);
}

int slot_in_initializer = -1;
void note_slot() { slot_in_initializer = this_worker::slot(); }
int noted_slot() { return slot_in_initializer; }

TEST_P(ThisWorker, is_known_to_the_initializer) {
  PoolOptions settings = options(1);
  settings.initializer = Call(note_slot);
  Pool pool(std::move(settings));
  EXPECT_EQ(pool.apply(noted_slot), 0);
}

int exit_code_of_a_copy() {
  const pid_t copy = ::fork();
  if (copy == 0) {
    int code = 1;
    try {
      this_worker::slot();
    } catch (const UsageError&) {
      code = 7;
    }
    ::_exit(code);
  }
  int status = 0;
  ::waitpid(copy, &status, 0);
  return WEXITSTATUS(status);
}

TEST_P(ThisWorker, is_none_in_a_process_that_a_task_forks) {
  Pool pool = make_pool(1);
  EXPECT_EQ(pool.apply(exit_code_of_a_copy), 7);
}

}  // namespace
}  // namespace brood::testing::this_task_test

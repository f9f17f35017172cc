#include <malloc.h>

#include <deque>
#include <numeric>
#include <sstream>
#include <utility>

#include "pool/pool_fixture.hpp"

// What a pool keeps, and how it shares work out, by counts.
namespace brood::testing::memory_test {
namespace {

class Memory : public PoolTest {
 protected:
  void SetUp() override {
    PoolTest::SetUp();
    if (under_sanitizer) GTEST_SKIP() << "a sanitizer has memory of its own and frees late";
  }
};
BROOD_FOR_EVERY_METHOD(Memory);

constexpr std::size_t mebibyte = 1 << 20;

std::size_t resident_here() { return resident_of(::getpid()); }

TEST_P(Memory, a_worker_keeps_nothing_of_large_results) {
  Pool pool = make_pool(1);
  const auto large = [](int) { return std::string(100 * mebibyte, 'x'); };
  pool.apply(large, 0);
  const std::size_t before = pool.apply(resident_here);
  for (int i = 0; i < 8; ++i) pool.apply(large, i);
  EXPECT_LT(pool.apply(resident_here), before + 10 * mebibyte);
  EXPECT_LT(pool.apply(resident_here), 60 * mebibyte);
}

TEST_P(Memory, a_worker_keeps_nothing_of_large_arguments) {
  Pool pool = make_pool(1);
  const auto length = [](const std::string& s) { return s.size(); };
  const std::string large(100 * mebibyte, 'x');
  for (int i = 0; i < 8; ++i) pool.apply(length, large);
  EXPECT_LT(pool.apply(resident_here), 60 * mebibyte);
}

TEST_P(Memory, of_the_parent_stays_flat_over_many_small_tasks) {
  Pool pool = make_pool(2);
  const auto batch = [&pool] {
    for (int i = 0; i < 20'000; ++i) static_cast<void>(pool.apply_async(square, i));
    pool.apply(square, 1);
    while (pool.map(square, std::vector<int>(10, 1)).empty()) {
    }
  };
  batch();
  const std::size_t before = resident_of(::getpid());
  for (int round = 0; round < 10; ++round) batch();
  ::malloc_trim(0);
  EXPECT_LT(resident_of(::getpid()), before + 20 * mebibyte);
}

TEST_P(Memory, of_the_parent_is_given_back_after_large_maps) {
  Pool pool = make_pool(2);
  const auto large = [](int) { return std::string(mebibyte, 'x'); };
  const std::size_t before = resident_of(::getpid());
  for (int round = 0; round < 3; ++round)
    EXPECT_EQ(pool.map(large, std::vector<int>(100, 0)).size(), 100U);
  ::malloc_trim(0);  // what the allocator keeps of freed memory is not the pool's
  EXPECT_LT(resident_of(::getpid()), before + 60 * mebibyte);
}

class Balance : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Balance);

TEST_P(Balance, no_element_waits_behind_a_long_one_in_the_last_chunk) {
  Pool pool = make_pool(2);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  const std::string log = scratch.path("log");
  constexpr int count = 1000;
  // The first element that runs for long holds its worker until all the others are done.
  const auto run = [](const std::string& path, const std::string& at, int x) {
    if (x == count - 10) {
      Gate::pass(at);
    } else {
      append_line(path, "done");
    }
    return x;
  };
  std::vector<int> inputs(count);
  for (int i = 0; i < count; ++i) inputs[static_cast<std::size_t>(i)] = i;
  auto result = pool.map_async(task(run, log, gate.path()), inputs);
  const auto end = std::chrono::steady_clock::now() + patience;
  while (lines_of(log).size() < count - 1 && std::chrono::steady_clock::now() < end)
    result.wait_for(5ms);
  EXPECT_EQ(lines_of(log).size(), count - 1U);
  gate.open();
  EXPECT_EQ(result.get(), inputs);
}

TEST_P(Balance, work_given_one_by_one_does_not_wait_behind_a_long_task) {
  Pool pool = make_pool(2);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  const auto wait = [](const std::string& at) {
    Gate::pass(at);
    return 1;
  };
  for (int i = 0; i < 20; ++i) pool.apply(square, i);
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < 50; ++i) results.push_back(pool.apply_async(square, i));
  AsyncResult<int> blocked = pool.apply_async(wait, gate.path());
  for (int i = 0; i < 50; ++i) results.push_back(pool.apply_async(square, i));
  for (AsyncResult<int>& result : results) EXPECT_GE(result.get_for(patience), 0);
  EXPECT_FALSE(blocked.ready());
  gate.open();
  EXPECT_EQ(blocked.get(), 1);
}

TEST_P(Balance, an_error_is_seen_before_the_others_are_done) {
  Pool pool = make_pool(2);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  const auto first_fails = [](const std::string& at) -> std::string {
    if (at.empty()) throw std::invalid_argument("first");
    Gate::pass(at);
    return std::string(1 << 20, 'x');
  };
  std::vector<std::string> inputs(9, gate.path());
  inputs[0].clear();
  EXPECT_THROW(pool.map(first_fails, inputs), std::invalid_argument);  // although none may pass
  gate.open();
  pool.close();
  pool.join();
}

TEST_P(Balance, all_workers_get_work_of_a_long_map) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  std::deque<Gate> gates;
  std::vector<int> inputs(100);
  std::iota(inputs.begin(), inputs.end(), 0);
  for (const int i : inputs) gates.emplace_back(scratch.path("gate" + std::to_string(i)));
  const auto meets = [](const std::string& mail, const std::string& gates_path, int x) {
    Mailbox::send(mail, std::to_string(x) + ' ' + std::to_string(::getpid()));
    Gate::pass(gates_path + std::to_string(x));
    return x;
  };
  Pool pool = make_pool(2);
  auto result = pool.map_async(task(meets, mailbox.path(), scratch.path("gate")), inputs);
  const auto next = [&] {
    std::istringstream line(mailbox.receive());
    std::pair<std::size_t, int> element_and_pid;
    line >> element_and_pid.first >> element_and_pid.second;
    return element_and_pid;
  };
  // No element ends before one runs in the other worker too, to the last.
  for (int round = 0; round < 50; ++round) {
    const auto [one, pid] = next();
    const auto [other, other_pid] = next();
    EXPECT_NE(pid, other_pid);
    gates[one].open();
    gates[other].open();
  }
  EXPECT_EQ(result.get(), inputs);
}

}  // namespace
}  // namespace brood::testing::memory_test

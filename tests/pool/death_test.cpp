#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <functional>
#include <numeric>
#include <random>
#include <set>
#include <thread>

#include "pool/pool_fixture.hpp"
#include "support/worker_channel.hpp"
#include "victims/tasks.hpp"

// A worker that dies costs the element that it ran, and nothing else.
namespace brood::testing::death_test {
namespace {

/// Bytes: many times what a pipe and a page hold.
constexpr std::size_t large_size = times(std::size_t{64}, std::size_t{8}) << 20;

class Death : public PoolTest {
 protected:
  /// Eight tasks on two workers, the fourth misbehaves: it is lost as said, the others are not, and
  /// the pool goes on.
  WorkerLost only_the_guilty_is_lost(int (*misbehave)(int), int argument) {
    Pool pool = make_pool(2);
    std::vector<AsyncResult<int>> results;
    for (int i = 0; i < 8; ++i) {
      results.push_back(i == 3 ? pool.apply_async(misbehave, argument)
                               : pool.apply_async(square, i));
    }
    for (int i = 0; i < 8; ++i) {
      if (i != 3) {
        EXPECT_EQ(results[static_cast<std::size_t>(i)].get_for(patience), i * i);
      }
    }
    auto lost = caught<WorkerLost>([&] { results[3].get_for(patience); });
    EXPECT_GT(lost.pid(), 0);
    EXPECT_FALSE(lost.worker_name().empty());
    next_hundred_succeed(pool);
    return lost;
  }
  static void next_hundred_succeed(Pool& pool) {
    for (int i = 0; i < 50; ++i) EXPECT_EQ(pool.apply(square, i), i * i);
    const std::vector<int> inputs(50, 3);
    EXPECT_EQ(pool.map(square, inputs), std::vector<int>(50, 9));
  }
};
BROOD_FOR_EVERY_METHOD(Death);

TEST_P(Death, by_sigkill) {
  const WorkerLost lost = only_the_guilty_is_lost(victims::raise_signal, SIGKILL);
  EXPECT_EQ(lost.signal(), SIGKILL);
  EXPECT_EQ(lost.exit_code(), -1);
  EXPECT_TRUE(contains(lost.what(), "signal 9")) << lost.what();
  EXPECT_TRUE(contains(lost.what(), "Killed")) << lost.what();
}
TEST_P(Death, by_sigterm) {
  EXPECT_EQ(only_the_guilty_is_lost(victims::raise_signal, SIGTERM).signal(), SIGTERM);
}
TEST_P(Death, by_segmentation_fault) {
  if (sanitizer_handles_faults()) GTEST_SKIP() << "the sanitizer exits instead";
  const WorkerLost lost = only_the_guilty_is_lost(victims::segfaults, 0);
  EXPECT_EQ(lost.signal(), SIGSEGV);
  EXPECT_TRUE(contains(lost.what(), "Segmentation fault")) << lost.what();
}
TEST_P(Death, by_abort) {
  EXPECT_EQ(only_the_guilty_is_lost(victims::aborts, 0).signal(), SIGABRT);
}
TEST_P(Death, by_stack_overflow) {
  if (sanitizer_handles_faults()) GTEST_SKIP() << "the sanitizer exits instead";
  EXPECT_EQ(only_the_guilty_is_lost(victims::overflows_the_stack, 0).signal(), SIGSEGV);
}
TEST_P(Death, by_exit_at_once_with_success) {
  const WorkerLost lost = only_the_guilty_is_lost(victims::exits_at_once, 0);
  EXPECT_EQ(lost.exit_code(), 0);
  EXPECT_EQ(lost.signal(), 0);
}
TEST_P(Death, by_exit_at_once_with_a_code) {
  const WorkerLost lost = only_the_guilty_is_lost(victims::exits_at_once, 7);
  EXPECT_EQ(lost.exit_code(), 7);
  EXPECT_TRUE(contains(lost.what(), "exit code 7")) << lost.what();
}

TEST_P(Death, by_exit) { EXPECT_EQ(only_the_guilty_is_lost(victims::exits, 3).exit_code(), 3); }
TEST_P(Death, by_quick_exit) {
  EXPECT_EQ(only_the_guilty_is_lost(victims::exits_quickly, 4).exit_code(), 4);
}
TEST_P(Death, by_the_end_of_its_thread) {
  Pool pool = make_pool(2);
  EXPECT_THROW(pool.apply(victims::ends_its_thread, 0), Error);
  next_hundred_succeed(pool);
}
TEST_P(Death, by_an_exception_through_noexcept) {
  EXPECT_EQ(only_the_guilty_is_lost(victims::throws_through_noexcept, 0).signal(), SIGABRT);
}
TEST_P(Death, not_by_an_exception_that_is_a_number) {
  Pool pool = make_pool(2);
  const auto error = caught<TaskError>([&] { pool.apply(victims::throws_a_number, 42); });
  EXPECT_EQ(error.type_name(), "int");
  next_hundred_succeed(pool);
}
TEST_P(Death, not_by_an_exception_without_a_text) {
  Pool pool = make_pool(2);
  const auto error = caught<TaskError>([&] { pool.apply(victims::throws_without_a_text, 0); });
  EXPECT_TRUE(contains(error.type_name(), "Spiteful")) << error.type_name();
  next_hundred_succeed(pool);
}
TEST_P(Death, not_by_memory_that_a_limit_refuses) {
  if (under_sanitizer) GTEST_SKIP() << "a sanitizer cannot live with a limit of address space";
  PoolOptions made = options(1);
  made.limits.address_space = 512_MiB;
  Pool pool(made);
  EXPECT_THROW(pool.apply(victims::exhausts_memory, 0), std::bad_alloc);
  next_hundred_succeed(pool);
}

TEST_P(Death, of_an_idle_worker_is_healed) {
  Pool pool = make_pool(1);
  const Watched worker(pool.apply(pid_here));
  worker.signal(SIGKILL);
  ASSERT_TRUE(worker.ends_within(patience));
  const auto start = std::chrono::steady_clock::now();
  // What the dead worker was sent it has not begun: another runs it.
  EXPECT_NE(pool.apply(pid_here), worker.pid());
  EXPECT_LT(std::chrono::steady_clock::now() - start, patience);
}

// The thread that buries it and a call that takes it for idle are not both its drivers.
TEST_P(Death, of_an_idle_worker_again_and_again_is_healed) {
  Pool pool = make_pool(1);
  for (int round = 0; round < 30; ++round) {
    const Watched worker(pool.apply(pid_here));
    worker.signal(SIGKILL);
    ASSERT_TRUE(worker.ends_within(patience));
    ASSERT_NE(pool.apply(pid_here), worker.pid());
  }
}

TEST_P(Death, of_all_idle_workers_is_healed) {
  Pool pool = make_pool(4);
  pool.map(square, std::vector<int>(100, 1));
  for (const WorkerInfo& worker : pool.workers()) {
    const Watched watched(worker.pid);
    watched.signal(SIGKILL);
    ASSERT_TRUE(watched.ends_within(patience));
  }
  EXPECT_EQ(pool.map(square, std::vector<int>(100, 2)), std::vector<int>(100, 4));
}

/// Kills workers of a pool that have come up, one after the other, as long as it lives.
class Killer {
 public:
  Killer(Pool& pool, int most) : thread_([this, &pool, most] { run(pool, most); }) {}
  ~Killer() {
    stop_ = true;
    thread_.join();
  }
  int kills() const { return kills_; }

 private:
  void run(Pool& pool, int most) {
    std::mt19937 random(3);
    while (!stop_ && kills_ < most) {
      const std::vector<WorkerInfo> workers = pool.workers();
      if (workers.empty()) continue;
      const WorkerInfo& worker = workers[random() % workers.size()];
      if (worker.state == "starting") continue;
      const Watched watched(worker.pid);
      watched.signal(SIGKILL);
      watched.ends_within(patience);
      ++kills_;
    }
  }
  std::atomic<bool> stop_ = false;
  std::atomic<int> kills_ = 0;
  std::thread thread_;
};

TEST_P(Death, of_random_workers_under_load_resolves_every_task_exactly_once) {
  Pool pool = make_pool(3);
  const Scratch scratch;
  const std::string log = scratch.path("log");
  const auto noted = [](const std::string& path, int x) {
    append_line(path, std::to_string(x));
    return x;
  };
  constexpr std::size_t count = 1000;
  std::vector<int> inputs(count);
  std::iota(inputs.begin(), inputs.end(), 0);
  std::size_t lost = 0, rounds = 0;
  const Killer killer(pool, 300);
  while (killer.kills() < 300 && rounds < 200) {
    const auto found = pool.try_map(task(noted, log), inputs);
    ++rounds;
    ASSERT_EQ(found.size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      if (found[i].has_value()) {
        ASSERT_EQ(found[i].value(), static_cast<int>(i));
      } else {
        caught_in<WorkerLost>(found[i].error());
        ++lost;
      }
    }
  }
  EXPECT_GT(killer.kills(), 0);
  EXPECT_LE(lost, static_cast<std::size_t>(killer.kills()) + 3);
  const std::size_t runs = lines_of(log).size();
  EXPECT_LE(runs, rounds * count);  // nothing runs twice
  EXPECT_GE(runs, rounds * count - lost);
}

TEST_P(Death, of_random_workers_costs_nothing_with_retries) {
  Pool pool = make_pool(2);
  const Killer killer(pool, 1000);
  while (killer.kills() < 30) {
    ASSERT_EQ(pool.with({.retries = 1000}).map(square, std::vector<int>(300, 3)),
              std::vector<int>(300, 9));
  }
}

/// Has a thread kill this process once it has told much of what comes next.
void die_while_telling() {
  const protocol::WorkerPage* const page = own_page();
  std::thread([page, before = page->closed.load()] {
    while (page->closed - before < 2000) {
    }
    ::kill(::getpid(), SIGKILL);
  }).detach();
}

TEST_P(Death, while_it_tells_a_large_result_spoils_no_other_result) {
  const auto large = [](int n) {
    if (n == 3) die_while_telling();
    return std::string(large_size, static_cast<char>('a' + n));
  };
  // On a busy machine the killer may come when all is written: its shot then hits another element.
  bool hit = false;
  for (int round = 0; round < 100 && !hit; ++round) {
    Pool pool = make_pool(2);
    const auto found = pool.with({.chunk = 1}).try_map(large, std::vector{0, 1, 2, 3, 4, 5});
    hit = !found[3].has_value();
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found[i].has_value()) {
        EXPECT_EQ(found[i].value(), std::string(large_size, static_cast<char>('a' + i))) << i;
      } else {
        EXPECT_EQ(caught_in<WorkerLost>(found[i].error()).signal(), SIGKILL);
        EXPECT_TRUE(i == 3 || !hit) << i;
      }
    }
  }
  EXPECT_TRUE(hit);
}

TEST_P(Death, while_a_large_argument_is_written_to_it_resolves_everything) {
  struct Bomb {
    std::string bytes;
    void save(OutputArchive& archive) const { archive(bytes); }
    void load(InputArchive&) { ::abort(); }  // before it has read anything
  };
  Pool pool = make_pool(2);
  std::vector<Bomb> bombs(6);
  for (Bomb& bomb : bombs) bomb.bytes.assign(large_size, 'b');
  const auto found = pool.try_map([](const Bomb& bomb) { return bomb.bytes.size(); }, bombs);
  for (const auto& outcome : found)
    EXPECT_EQ(caught_in<WorkerLost>(outcome.error()).signal(), SIGABRT);
  next_hundred_succeed(pool);
}

TEST_P(Death, of_a_worker_that_does_not_read_leaves_the_caller_unblocked) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  AsyncResult<int> stuck = pool.apply_async(victims::never_returns, mailbox.path());
  const Watched worker(std::stoi(mailbox.receive()));
  const auto length = [](const std::string& s) { return s.size(); };
  auto large = pool.apply_async(length, std::string(large_size, 'x'));
  worker.signal(SIGKILL);
  EXPECT_THROW(stuck.get_for(patience), WorkerLost);
  EXPECT_EQ(large.get_for(patience), large_size);
}

TEST_P(Death, of_one_in_a_hundred_tasks_leaves_99_results) {
  Pool pool = make_pool(2);
  const auto one_aborts = [](int x) { return x == 40 ? victims::aborts(0) : x; };
  std::vector<int> inputs(100);
  std::iota(inputs.begin(), inputs.end(), 0);
  const auto found = pool.try_map(one_aborts, inputs);
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(found[i].has_value(), i != 40) << i;
  EXPECT_EQ(caught_in<WorkerLost>(found[40].error()).index(), 40U);
  next_hundred_succeed(pool);
}

TEST_P(Death, keeps_results_that_were_computed_and_not_yet_sent) {
  Pool pool = make_pool(1);
  const auto dies_at_the_end = [](int x) { return x == 999 ? victims::segfaults(0) : x; };
  std::vector<int> inputs(1000);
  std::iota(inputs.begin(), inputs.end(), 0);
  const auto found = pool.with({.chunk = 1000}).try_map(dies_at_the_end, inputs);
  for (std::size_t i = 0; i < 999; ++i) ASSERT_TRUE(found[i].has_value()) << i;
  EXPECT_FALSE(found[999].has_value());
}

TEST_P(Death, by_the_end_of_its_thread_leaves_the_results_before) {
  Pool pool = make_pool(1);
  const auto ends_at_the_end = [](int x) { return x == 9 ? victims::ends_its_thread(0) : x; };
  std::vector<int> inputs(10);
  std::iota(inputs.begin(), inputs.end(), 0);
  const auto found = pool.with({.chunk = 10}).try_map(ends_at_the_end, inputs);
  for (std::size_t i = 0; i < 9; ++i) EXPECT_TRUE(found[i].has_value()) << i;
  EXPECT_EQ(caught_in<WorkerLost>(found[9].error()).exit_code(), 85);
}

TEST_P(Death, in_a_map_is_thrown_with_its_index) {
  Pool pool = make_pool(2);
  const auto dies = [](int x) { return x == 5 ? victims::exits_at_once(7) : x; };
  const auto lost = caught<WorkerLost>([&] {
    pool.map(dies, std::vector{0, 1, 2, 3, 4, 5, 6, 7});
  });
  EXPECT_EQ(lost.index(), 5U);
  EXPECT_EQ(lost.exit_code(), 7);
  next_hundred_succeed(pool);
}

TEST_P(Death, in_an_imap_comes_at_its_place) {
  Pool pool = make_pool(2);
  const auto dies = [](int x) { return x == 2 ? victims::segfaults(0) : x; };
  auto range = pool.imap(dies, std::vector{0, 1, 2, 3});
  EXPECT_EQ(range.next().value(), 0);
  EXPECT_EQ(range.next().value(), 1);
  EXPECT_THROW(range.next(), WorkerLost);
  EXPECT_EQ(range.next().value(), 3);
}

TEST_P(Death, of_every_task_still_gives_every_outcome) {
  Pool pool = make_pool(2);
  const int count = method() == "spawn" ? 20 : 60;
  const auto found =
      pool.try_map(victims::exits_at_once, std::vector<int>(static_cast<std::size_t>(count), 1));
  for (const auto& outcome : found) {
    const auto lost = caught_in<WorkerLost>(outcome.error());
    EXPECT_EQ(lost.exit_code(), 1) << lost.what();
  }
  next_hundred_succeed(pool);
}

}  // namespace
}  // namespace brood::testing::death_test

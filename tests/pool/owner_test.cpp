#include <csignal>
#include <functional>
#include <tuple>

#include "pool/pool_fixture.hpp"
#include "support/program.hpp"

// The tree of processes: what ends when its owner or its server does.
namespace brood::testing::owner_test {
namespace {

class Owner : public PoolTest {
 protected:
  /// Runs the victim, ends it by a signal, and expects everything below it to be gone in 2 seconds.
  void tree_dies_with_its_owner(const std::string& mode, std::size_t least, int signal) {
    expect_orphans();
    const Scratch scratch;
    Program owner({victim("owner"), method(), mode, scratch.path("")});
    std::vector<Watched> below = watched_by_lines(owner);
    EXPECT_GE(below.size(), least);
    owner.kill(signal);
    EXPECT_EQ(owner.wait(), -signal);
    EXPECT_EQ(left_after(below, patience), std::vector<int>{});
  }
};
BROOD_FOR_EVERY_METHOD(Owner);

TEST_P(Owner, killed_takes_idle_computing_and_blocked_workers_along) {
  tree_dies_with_its_owner("flat", 3, SIGKILL);
}

TEST_P(Owner, ended_by_sigterm_takes_its_workers_along) {
  tree_dies_with_its_owner("flat", 3, SIGTERM);
}

TEST_P(Owner, killed_takes_nested_pools_along) { tree_dies_with_its_owner("nested", 4, SIGKILL); }

struct Ending {
  const char* how;
  int code;
  int signal = 0;  // sent to it
};
constexpr Ending endings[] = {{"destructor", 0},
                              {"terminate", 0},
                              {"static", 0},
                              {"exit", 0},
                              {"quick_exit", 0},
                              {"at_once", 0},
                              {"throw", -SIGABRT},
                              {"abort", -SIGABRT},
                              {"handler", 0, SIGTERM},
                              {"sigkill", -SIGKILL, SIGKILL},
                              {"sigterm", -SIGTERM, SIGTERM}};

/// Way in which the owner ends, what its workers do, start method.
using Scene = std::tuple<Ending, std::string, std::string>;
std::string name_of(const ::testing::TestParamInfo<Scene>& scene) {
  const auto& [ending, state, method] = scene.param;
  return std::string("by_") + ending.how + "_with_" + state + "_workers_under_" + method;
}

class OwnerEnds : public PoolCheck, public ::testing::WithParamInterface<Scene> {};
INSTANTIATE_TEST_SUITE_P(Every, OwnerEnds,
                         ::testing::Combine(::testing::ValuesIn(endings),
                                            ::testing::Values("idle", "computing", "blocked"),
                                            ::testing::ValuesIn(start_methods())),
                         name_of);

TEST_P(OwnerEnds, in_bounded_time_and_takes_all_its_processes_along) {
  const auto& [ending, state, method] = GetParam();
  expect_orphans();
  const Scratch scratch;
  Program owner({victim("ends_with_pool"), method, ending.how, state, scratch.path("")});
  const std::vector<Watched> below = watched_by_lines(owner);
  EXPECT_GE(below.size(), 2U);
  if (ending.signal != 0) owner.kill(ending.signal);
  EXPECT_EQ(owner.wait(), ending.code);
  EXPECT_EQ(left_after(below, times(1s, 3s)), std::vector<int>{});
}

// A fork server belongs to the worker that needed it and ends a moment after it: an orphan until
// then.
class Nested : public PoolTest {
 protected:
  void SetUp() override {
    PoolTest::SetUp();
    expect_orphans();
  }
};
BROOD_FOR_EVERY_METHOD(Nested);

int sum_of_squares(const std::string& method, int count) {
  Pool inner({.workers = 2, .start_method = method});
  return inner.map_reduce(square, std::vector<int>(static_cast<std::size_t>(count), 2),
                          std::plus<int>(), 0);
}
std::string name_in_inner(const std::string& method) {
  Pool inner({.workers = 1, .start_method = method});
  return inner.apply([] { return current_process().name(); });
}

TEST_P(Nested, a_task_may_make_a_pool_of_its_own) {
  Pool pool = make_pool(2);
  EXPECT_EQ(pool.apply(sum_of_squares, method(), 10), 40);
  EXPECT_EQ(pool.map(task(sum_of_squares, method()), std::vector{1, 2, 3}),
            (std::vector{4, 8, 12}));
}

TEST_P(Nested, a_task_may_make_a_pool_of_every_method) {
  Pool pool = make_pool(1);
  for (const std::string& inner : start_methods())
    EXPECT_EQ(pool.apply(sum_of_squares, inner, 5), 20) << inner;
}

TEST_P(Nested, terminating_the_outer_pool_ends_the_inner_workers) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  const auto owns = [](const std::string& inner_method, const std::string& mail) {
    Pool inner({.workers = 1, .start_method = inner_method});
    const auto tell = [](const std::string& path) {
      Mailbox::send(path, std::to_string(::getpid()));
      for (;;) ::pause();
    };
    inner.apply(tell, mail);
  };
  Pool pool = make_pool(1);
  AsyncResult<void> result = pool.apply_async(owns, method(), mailbox.path());
  const Watched innermost(std::stoi(mailbox.receive()));
  pool.terminate();
  pool.join();
  EXPECT_TRUE(innermost.ends_within(patience));
  EXPECT_THROW(result.get(), Cancelled);
}

TEST_P(Nested, names_tell_a_worker_from_a_worker_of_a_worker) {
  Pool pool = make_pool(1);
  const std::string name = pool.apply(name_in_inner, method());
  EXPECT_FALSE(name.empty());
}

class ServerKilled : public PoolTest {
 protected:
  static int server_of(Pool& pool) {
    const int parent = parent_of(pool.workers().at(0).pid);
    if (parent != ::getpid()) return parent;
    // The first worker of a fork pool is forked beside its snapshot.
    // That may be on its way still.
    for (const auto end = std::chrono::steady_clock::now() + patience;
         std::chrono::steady_clock::now() < end; ::poll(nullptr, 0, 1)) {
      for (const int child : children_of(std::to_string(parent))) {
        if (status_field(child, "Name") == "brood-snapshot") return child;
      }
    }
    throw std::runtime_error("the pool has no snapshot");
  }
};
INSTANTIATE_TEST_SUITE_P(Method, ServerKilled, ::testing::Values("fork", "forkserver"),
                         method_name);

TEST_P(ServerKilled, lets_idle_workers_go_on) {
  expect_orphans();
  Pool pool = make_pool(2);
  const int pid = pool.apply(pid_here);
  const Watched server(server_of(pool));
  server.signal(SIGKILL);
  ASSERT_TRUE(server.ends_within(patience));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(pool.apply(square, i), i * i);
  EXPECT_GT(pid, 0);
}

TEST_P(ServerKilled, lets_running_tasks_finish) {
  expect_orphans();
  Pool pool = make_pool(2);
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Gate gate(scratch.path("gate"));
  const auto wait = [](const std::string& mail, const std::string& at) {
    Mailbox::send(mail, "runs");
    Gate::pass(at);
    return 7;
  };
  AsyncResult<int> first = pool.apply_async(wait, mailbox.path(), gate.path());
  AsyncResult<int> second = pool.apply_async(wait, mailbox.path(), gate.path());
  mailbox.receive();
  mailbox.receive();
  const Watched server(server_of(pool));
  server.signal(SIGKILL);
  ASSERT_TRUE(server.ends_within(patience));
  gate.open();
  EXPECT_EQ(first.get_for(patience), 7);
  EXPECT_EQ(second.get_for(patience), 7);
}

TEST_P(ServerKilled, a_death_after_it_is_reported_and_says_that_the_status_was_lost) {
  expect_orphans();
  Pool pool = make_pool(1);
  pool.apply(square, 1);
  const Watched server(server_of(pool));
  server.signal(SIGKILL);
  ASSERT_TRUE(server.ends_within(patience));
  const auto lost = caught<WorkerLost>([&] { pool.apply([] { ::_exit(3); }); });
  EXPECT_TRUE(lost.exit_code() == 3 || lost.status().kind == ExitStatus::Kind::lost) << lost.what();
  EXPECT_NE(lost.exit_code(), 255);
}

TEST_P(ServerKilled, the_next_start_brings_a_new_one_or_says_why_not) {
  expect_orphans();
  Pool pool = make_pool(1);
  pool.apply(square, 1);
  const Watched server(server_of(pool));
  server.signal(SIGKILL);
  ASSERT_TRUE(server.ends_within(patience));
  EXPECT_THROW(pool.apply([] { ::_exit(3); }), WorkerLost);
  if (method() == "forkserver") {
    EXPECT_EQ(pool.apply(square, 6), 36);
    EXPECT_NE(server_of(pool), server.pid());
  } else {
    // The snapshot cannot be made again: it is the memory of that moment.
    EXPECT_THROW(pool.apply(square, 6), StartError);
  }
  Pool another = make_pool(1);
  EXPECT_EQ(another.apply(square, 7), 49);
}

}  // namespace
}  // namespace brood::testing::owner_test

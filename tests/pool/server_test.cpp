#include <atomic>
#include <csignal>
#include <ctime>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "pool/pool_fixture.hpp"
#include "support/program.hpp"

// The fork server seen from pools: which processes may reach it, and which pools share it.
namespace brood::testing::server_test {
namespace {

class Server : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Server);

std::set<std::string> sockets_of(int pid) {
  std::set<std::string> inodes;
  const std::string process = std::to_string(pid);
  for (const int number : descriptors_of(process)) {
    char target[64]{};
    const std::string link = "/proc/" + process + "/fd/" + std::to_string(number);
    if (::readlink(link.c_str(), target, sizeof target - 1) < 0) continue;
    const std::string text = target;
    if (text.starts_with("socket:[")) inodes.insert(text.substr(8, text.size() - 9));
  }
  return inodes;
}

/// Those of the sockets that another process could connect to: by a path, an abstract name or a
/// port.
std::vector<std::string> reachable(const std::set<std::string>& inodes) {
  std::vector<std::string> found;
  std::ifstream unix_sockets("/proc/net/unix");
  for (std::string line; std::getline(unix_sockets, line);) {
    std::istringstream fields(line);
    std::string number, references, protocol, flags, type, state, inode, name;
    fields >> number >> references >> protocol >> flags >> type >> state >> inode >> name;
    if (inodes.contains(inode) && !name.empty()) found.push_back(line);
  }
  for (const char* const table : {"tcp", "tcp6", "udp", "udp6"}) {
    std::ifstream sockets(std::string("/proc/net/") + table);
    for (std::string line; std::getline(sockets, line);) {
      std::istringstream fields(line);
      std::string field;
      for (int i = 0; i < 10; ++i) fields >> field;  // the tenth is the inode
      if (inodes.contains(field)) found.push_back(line);
    }
  }
  return found;
}

TEST_P(Server, has_no_socket_that_another_process_could_reach) {
  const std::set<std::string> before = sockets_of(::getpid());
  Pool pool = make_pool(2);
  pool.map(square, std::vector{1, 2, 3});
  std::set<std::string> sockets = sockets_of(::getpid());
  for (const int pid : descendants_of(::getpid())) sockets.merge(sockets_of(pid));
  for (const std::string& inode : before) sockets.erase(inode);
  EXPECT_FALSE(sockets.empty());
  EXPECT_EQ(reachable(sockets), std::vector<std::string>{});
}

TEST_P(Server, starts_workers_of_a_program_with_5000_arguments) {
  expect_orphans();  // the program's server
  std::vector<std::string> words{victim("starter"), method()};
  words.resize(5000, std::string(20, 'x'));
  Program program(std::move(words));
  EXPECT_EQ(program.rest(), "started\n");
  EXPECT_EQ(program.wait(), 0);
}

TEST_P(Server, lets_eight_threads_make_pools_at_once) {
  if (method() == "fork") GTEST_SKIP() << "a copy of a process with threads";
  constexpr int rounds = 5, tasks = 10;
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < rounds; ++round) {
        PoolOptions made = options(2);
        made.max_tasks_per_worker = 1;  // each task has a process
        Pool pool(made);
        if (pool.map(square, std::vector<int>(tasks, 5)) == std::vector<int>(tasks, 25)) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 8 * rounds);
}

class SharedServer : public PoolCheck {};

/// Parents of a worker, of a worker of a pool in it, and so on, `depth` in all.
std::vector<int> parents(int depth) {
  std::vector<int> pids{::getppid()};
  if (depth > 1) {
    Pool inner({.workers = 1, .start_method = "forkserver"});
    for (const int pid : inner.apply(parents, depth - 1)) pids.push_back(pid);
  }
  return pids;
}

TEST_F(SharedServer, is_the_parent_of_workers_of_workers) {
  Pool pool({.workers = 1, .start_method = "forkserver"});
  const std::vector<int> found = pool.apply(parents, 4);
  EXPECT_EQ(found, std::vector<int>(4, found[0]));
  EXPECT_EQ(parent_of(found[0]), ::getpid());
}

TEST_F(SharedServer, serves_pools_in_several_workers_at_once) {
  Pool pool({.workers = 4, .start_method = "forkserver"});
  const std::vector<std::vector<int>> found =
      pool.with({.chunk = 1}).map(parents, std::vector<int>(40, 2));
  for (const std::vector<int>& pids : found) EXPECT_EQ(pids, found[0]);
}

/// Owns a pool whose worker tells its pid and waits.
int owns_a_waiting_worker(const std::string& mailbox) {
  Pool inner({.workers = 1, .start_method = "forkserver"});
  const auto tells_and_waits = [](const std::string& path) -> int {
    Mailbox::send(path, std::to_string(::getpid()));
    for (;;) ::pause();
  };
  return inner.apply(tells_and_waits, mailbox);
}

TEST_F(SharedServer, ends_what_it_has_forked_for_a_worker_with_that_worker) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Pool pool({.workers = 1, .start_method = "forkserver"});
  AsyncResult<int> result = pool.apply_async(owns_a_waiting_worker, mailbox.path());
  const Watched inner(std::stoi(mailbox.receive()));
  const Watched outer(pool.workers().at(0).pid);
  EXPECT_EQ(parent_of(inner.pid()), parent_of(outer.pid()));
  outer.signal(SIGKILL);
  EXPECT_TRUE(inner.ends_within(patience));
  EXPECT_THROW(result.get(), WorkerLost);
  EXPECT_EQ(pool.apply(parents, 2).size(), 2U);
}

TEST_F(SharedServer, does_not_outlive_its_owner_for_the_sake_of_a_worker) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  std::optional<Pool> pool(std::in_place, PoolOptions{.workers = 1, .start_method = "forkserver"});
  static_cast<void>(pool->apply_async(owns_a_waiting_worker, mailbox.path()));
  const Watched inner(std::stoi(mailbox.receive()));
  const Watched server(parent_of(inner.pid()));
  start::drop_forkserver();
  pool.reset();
  EXPECT_TRUE(inner.ends_within(patience));
  EXPECT_TRUE(server.ends_within(patience));
}

TEST_F(SharedServer, is_not_used_by_a_worker_with_hooks_of_its_own) {
  expect_orphans();  // the worker's server
  const auto with_a_hook = [] {
    set_forkserver_preload({Call([] {})});
    return parents(2);
  };
  Pool pool({.workers = 1, .start_method = "forkserver"});
  const std::vector<int> found = pool.apply(with_a_hook);
  EXPECT_NE(found.at(0), found.at(1));
}

TEST_F(SharedServer, killed_is_replaced_by_one_of_the_workers_own) {
  expect_orphans();
  Pool pool({.workers = 1, .start_method = "forkserver"});
  const auto before = pool.apply(parents, 2);
  const Watched server(before.at(1));
  server.signal(SIGKILL);
  ASSERT_TRUE(server.ends_within(patience));
  const std::vector<int> found = pool.apply(parents, 2);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_NE(found[1], server.pid());
}

/// The process that forks the workers of a pool, stopped while it lives.
class StoppedServer : public PoolCheck, public ::testing::WithParamInterface<std::string> {
 protected:
  PoolOptions options(int workers) const {
    return {.workers = workers, .start_method = GetParam()};
  }
  /// The first worker of a fork pool is the owner's own child.
  static int server_of(Pool& pool) {
    for (const WorkerInfo& worker : pool.workers()) {
      if (parent_of(worker.pid) != ::getpid()) return parent_of(worker.pid);
    }
    throw std::logic_error("no worker has been forked by a server");
  }
  static void stop(int server) {
    ::kill(server, SIGSTOP);
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(server), &info, WSTOPPED | WNOWAIT);
  }
};
INSTANTIATE_TEST_SUITE_P(Method, StoppedServer, ::testing::Values("fork", "forkserver"),
                         method_name);

/// Tells its pid, and waits to be killed.
int waits_to_be_killed(const std::string& mailbox) {
  Mailbox::send(mailbox, std::to_string(::getpid()));
  for (;;) ::pause();
}

TEST_P(StoppedServer, does_not_hold_up_the_workers_that_live) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Pool pool(options(3));
  EXPECT_EQ(pool.map(square, std::vector{1, 2, 3}), (std::vector{1, 4, 9}));
  const int server = server_of(pool);
  AsyncResult<int> lost = pool.apply_async(waits_to_be_killed, mailbox.path());
  const Watched victim(std::stoi(mailbox.receive()));
  stop(server);
  victim.signal(SIGKILL);
  EXPECT_THROW(lost.get(), WorkerLost);
  // Its replacement has been asked for, and does not come.
  const auto before = std::chrono::steady_clock::now();
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(pool.apply_async(square, i).get(), i * i);
    EXPECT_EQ(pool.apply(square, i), i * i);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - before, 10s);
  ::kill(server, SIGCONT);
  // Now it comes.
  const auto end = std::chrono::steady_clock::now() + patience;
  while (pool.workers().size() < 3 && std::chrono::steady_clock::now() < end)
    std::this_thread::yield();
  EXPECT_EQ(pool.workers().size(), 3U);
}

TEST_P(StoppedServer, lets_the_pool_be_terminated) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Pool pool(options(3));
  pool.map(square, std::vector{1, 2, 3});
  const int server = server_of(pool);
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < 3; ++i)
    results.push_back(pool.apply_async(waits_to_be_killed, mailbox.path()));
  const Watched victim(std::stoi(mailbox.receive()));
  stop(server);
  victim.signal(SIGKILL);
  EXPECT_TRUE(victim.ends_within(patience));
  const auto before = std::chrono::steady_clock::now();
  pool.terminate();
  pool.join();
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
  for (AsyncResult<int>& result : results) EXPECT_ANY_THROW(result.get());
}

TEST_P(StoppedServer, lets_the_pool_be_closed) {
  Pool pool(options(2));
  pool.map(square, std::vector{1, 2, 3});
  const int server = server_of(pool);
  stop(server);
  const Watched victim(pool.workers().at(1).pid);
  victim.signal(SIGKILL);
  EXPECT_TRUE(victim.ends_within(patience));
  EXPECT_EQ(pool.apply(square, 3), 9);
  const auto before = std::chrono::steady_clock::now();
  pool.close();
  pool.join();
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
}

TEST_P(StoppedServer, fails_what_no_worker_is_left_for_after_the_start_timeout) {
  PoolOptions made = options(2);
  made.start_timeout = 1s;
  Pool(options(1)).apply(square, 1);  // a fork server that there is takes nothing of that time
  Pool pool(made);
  pool.map(square, std::vector{1, 2, 3});
  const int server = server_of(pool);
  stop(server);
  for (const WorkerInfo& worker : pool.workers()) ::kill(worker.pid, SIGKILL);
  const auto error = caught<StartError>([&] {
    for (;;) pool.apply(square, 3);  // until those that were killed are gone
  });
  EXPECT_TRUE(contains(error.what(), "is stopped: it has not answered within 1000 ms"))
      << error.what();
}

TEST_P(StoppedServer, goes_on_when_a_start_is_late) {
  Pool pool(options(2));
  pool.map(square, std::vector{1, 2, 3});
  stop(server_of(pool));
  for (const WorkerInfo& worker : pool.workers()) {
    const Watched victim(worker.pid);
    victim.signal(SIGKILL);
    EXPECT_TRUE(victim.ends_within(patience));
  }
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(pool.apply(square, 3), 9);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 30s);
}

/// Neither the dead, whose parent does not tell how they ended, nor starts that are late keep it
/// busy.
TEST_P(StoppedServer, costs_the_owner_no_processor_time) {
  PoolOptions made = options(2);
  made.start_timeout = 1500ms;
  Pool pool(made);
  pool.map(square, std::vector{1, 2, 3});
  stop(server_of(pool));
  for (const WorkerInfo& worker : pool.workers()) ::kill(worker.pid, SIGKILL);
  const std::clock_t before = std::clock();
  EXPECT_THROW(
      {
        for (;;) pool.apply(square, 3);
      },
      StartError);
  EXPECT_LT(std::clock() - before, CLOCKS_PER_SEC / 2);
}

TEST_P(StoppedServer, fails_the_pool_that_is_being_made) {
  if (GetParam() == "fork") GTEST_SKIP() << "each pool has a server of its own";
  Pool pool(options(1));
  stop(server_of(pool));
  PoolOptions made = options(1);
  made.start_timeout = 300ms;
  const auto error = caught<StartError>([&] { Pool other(made); });
  EXPECT_EQ(error.stage(), "launch");
  EXPECT_TRUE(contains(error.what(), "is stopped")) << error.what();
}

void hangs() {
  for (;;) ::pause();
}

TEST_F(SharedServer, whose_hook_hangs_fails_the_pool_after_the_start_timeout) {
  set_forkserver_preload({Call(hangs)});
  const auto error = caught<StartError>(
      [] { Pool pool({.workers = 1, .start_method = "forkserver", .start_timeout = 300ms}); });
  set_forkserver_preload({});
  EXPECT_EQ(error.stage(), "preload");
  EXPECT_TRUE(contains(error.what(), "within 300 ms")) << error.what();
}

}  // namespace
}  // namespace brood::testing::server_test

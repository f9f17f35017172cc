#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fstream>
#include <iostream>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

#include "pool/pool_fixture.hpp"
#include "support/in_child.hpp"
#include "support/program.hpp"

// How a worker is born: descriptors, signals, parent, whatever state its owner is in.
namespace brood::testing::birth_test {
namespace {

class Birth : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Birth);

std::vector<int> open_descriptors() {
  const std::set<int> open = descriptors_of("self");
  return {open.begin(), open.end()};
}
std::string target_of(int descriptor) {
  char target[256]{};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  return ::readlink(link.c_str(), target, sizeof target - 1) < 0 ? "" : target;
}
std::string status_here(const std::string& name) { return status_field(::getpid(), name); }

TEST_P(Birth, every_worker_has_the_same_few_descriptors) {
  Pool pool = make_pool(16);
  std::vector<AsyncResult<std::vector<int>>> results;
  for (int i = 0; i < 200; ++i) results.push_back(pool.apply_async(open_descriptors));
  const std::vector<int> first = results[0].get();
  EXPECT_LE(first.size(), 8U);
  for (auto& result : results) EXPECT_EQ(result.get(), first);
}

TEST_P(Birth, worker_64_has_no_more_descriptors_than_worker_1) {
  Pool pool = make_pool(64);
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Gate gate(scratch.path("gate"));
  const auto tell = [](const std::string& mail, const std::string& at) {
    std::string all;
    for (const int descriptor : open_descriptors()) all += std::to_string(descriptor) + " ";
    Mailbox::send(mail, all);
    Gate::pass(at);
  };
  std::vector<AsyncResult<void>> results;
  for (int i = 0; i < 64; ++i)
    results.push_back(pool.apply_async(tell, mailbox.path(), gate.path()));
  const std::string first = mailbox.receive();
  for (int i = 1; i < 64; ++i) EXPECT_EQ(mailbox.receive(), first);
  gate.open();
  for (auto& result : results) result.get();
}

TEST_P(Birth, descriptors_of_the_program_are_not_inherited) {
  const int mine = ::open("/dev/zero", O_RDONLY);  // without close-on-exec
  {
    Pool pool = make_pool(1);
    EXPECT_NE(pool.apply(target_of, mine), "/dev/zero");
  }
  ::close(mine);
}

TEST_P(Birth, stdin_is_dev_null_and_stdout_the_owners) {
  Pool pool = make_pool(1);
  EXPECT_EQ(pool.apply(target_of, 0), "/dev/null");
  EXPECT_EQ(pool.apply(target_of, 1), target_of(1));
  EXPECT_EQ(pool.apply(target_of, 2), target_of(2));
}

// In a set of signals as /proc shows it.
std::uint64_t bit_of(int signal) { return std::uint64_t{1} << (signal - 1); }

// Those that a worker has last words of: src/worker/last_words.cpp.
std::uint64_t fatal_signals() {
  std::uint64_t set = 0;
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP, SIGXCPU})
    set |= bit_of(signal);
  return set;
}

TEST_P(Birth, signals_but_sigint_and_fatal_ones_are_default_and_the_mask_is_empty) {
  struct sigaction handler {
  }, before_term, before_usr1;
  handler.sa_handler = [](int) {};
  ::sigaction(SIGTERM, &handler, &before_term);
  ::sigaction(SIGUSR1, &handler, &before_usr1);
  const auto old_usr2 = std::signal(SIGUSR2, SIG_IGN);
  const auto old_hup = std::signal(SIGHUP, SIG_DFL);
  sigset_t blocked, old;
  sigfillset(&blocked);
  pthread_sigmask(SIG_BLOCK, &blocked, &old);
  // The C library keeps signals 32 and 33 for its threads.
  std::uint64_t not_ours = bit_of(32) | bit_of(33);
  if (sanitizer_handles_faults()) not_ours |= bit_of(SIGSEGV) | bit_of(SIGBUS) | bit_of(SIGFPE);
  {
    Pool pool = make_pool(1);
    EXPECT_EQ(pool.apply(status_here, "SigBlk"), "0000000000000000");
    for (const char* const field : {"SigIgn", "SigCgt"}) {
      const auto set = std::stoull(pool.apply(status_here, field), nullptr, 16);
      const std::uint64_t ours = field[3] == 'I' ? bit_of(SIGINT) : fatal_signals();
      EXPECT_EQ(set & ~not_ours & ~ours, 0U) << field;
    }
    AsyncResult<int> sleeper = pool.apply_async([] { return ::pause(); });
    const auto start = std::chrono::steady_clock::now();
    pool.terminate();
    pool.join();
    EXPECT_LT(std::chrono::steady_clock::now() - start, patience);
    EXPECT_THROW(sleeper.get(), Cancelled);
  }
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  std::signal(SIGHUP, old_hup);
  std::signal(SIGUSR2, old_usr2);
  ::sigaction(SIGTERM, &before_term, nullptr);
  ::sigaction(SIGUSR1, &before_usr1, nullptr);
}

TEST_P(Birth, workers_are_children_of_a_process_without_threads_or_made_by_exec) {
  PoolOptions made = options(1);
  made.max_tasks_per_worker = 1;
  Pool pool(made);
  const auto parent = [] { return static_cast<int>(::getppid()); };
  std::set<int> parents;
  pool.apply(parent);  // under fork it was forked before the pool had threads
  for (int i = 0; i < 5; ++i) parents.insert(pool.apply(parent));
  EXPECT_EQ(parents.size(), 1U);
  if (method() == "spawn") {
    EXPECT_EQ(*parents.begin(), ::getpid());
  } else {
    EXPECT_NE(*parents.begin(), ::getpid());
    if (under_thread_sanitizer) return;  // which has a thread of its own
    EXPECT_EQ(status_field(*parents.begin(), "Threads"), "1");
  }
}

TEST_P(Birth, needs_no_temporary_directory_and_no_current_one) {
  expect_orphans();
  const Scratch scratch;
  Program program({victim("homeless"), method(), scratch.path("gone")});
  EXPECT_EQ(program.rest(), "25\n");
  EXPECT_EQ(program.wait(), 0);
}

TEST_P(Birth, works_without_standard_streams) {
  expect_orphans();  // the fork server ends after the process that it belongs to
  EXPECT_EQ(in_child([&] {
              ::close(0);
              ::close(1);
              ::close(2);
              Pool pool = make_pool(2);
              const std::vector<int> found = pool.map(square, std::vector{3, 4});
              return found.at(0) + found.at(1);
            }),
            25);
}

TEST_P(Birth, works_in_a_parent_with_5000_open_descriptors) {
  expect_orphans();
  EXPECT_EQ(in_child([&] {
              rlimit limit{};
              ::getrlimit(RLIMIT_NOFILE, &limit);
              limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 6000);
              ::setrlimit(RLIMIT_NOFILE, &limit);
              int last = 0;
              for (int i = 0; i < 5000 && last >= 0; ++i) last = ::dup(0);
              if (last < 4900) return 2;
              Pool pool = make_pool(2);
              return pool.apply(open_descriptors).size() <= 8 ? pool.apply(square, 5) : 1;
            }),
            25);
}

TEST_P(Birth, two_hundred_workers_work) {
  expect_orphans();
  EXPECT_EQ(
      in_child([&] {
        rlimit limit{};
        ::getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
        Pool pool = make_pool(200);
        const auto pids =
            pool.with({.chunk = 1}).map([](int) { return ::getpid(); }, std::vector<int>(2000, 0));
        if (pool.workers().size() != 200) return 1;
        pool.close();
        pool.join();
        return pids.size() == 2000 ? 25 : 2;
      }),
      25);
}

/// Threads that hold the locks of malloc, of iostreams and a mutex of the program's, most of the
/// time.
class LockHolders {
 public:
  LockHolders() {
    threads_.emplace_back([this] {
      while (!stop_) std::vector<std::string>(100, std::string(500, 'x')).clear();
    });
    threads_.emplace_back([this] {
      std::ostream nowhere(nullptr);
      while (!stop_) nowhere << "text" << std::flush;
    });
    threads_.emplace_back([this] {
      while (!stop_) {
        const std::lock_guard lock(mutex_);
        std::fflush(stdout);
      }
    });
  }
  ~LockHolders() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  std::vector<std::thread> threads_;
};

TEST_P(Birth, starts_while_other_threads_hold_locks) {
  if (method() == "fork") GTEST_SKIP() << "fork warns about threads";
  const LockHolders holders;
  const int starts = times(method() == "spawn" ? 60 : 200, 20);
  PoolOptions made = options(2);
  made.max_tasks_per_worker = 1;
  Pool pool(made);
  const auto allocate = [](int) {
    const std::string text(1000, 'x');
    std::fflush(nullptr);
    return static_cast<int>(text.size());
  };
  EXPECT_EQ(pool.map(allocate, std::vector<int>(static_cast<std::size_t>(starts), 0)),
            std::vector<int>(static_cast<std::size_t>(starts), 1000));
}

// victim self_removing <method>: deletes or replaces its own file before it makes a pool.
class Removed : public PoolTest {
 protected:
  std::string run(const std::string& how) {
    expect_orphans();
    const Scratch scratch;
    const std::string copy = scratch.path("program");
    std::filesystem::copy_file(victim("self_removing"), copy);
    Program program({copy, method(), how});
    const std::string output = program.rest();
    EXPECT_EQ(program.wait(), 0) << output;
    return output;
  }
};
BROOD_FOR_EVERY_METHOD(Removed);

TEST_P(Removed, program_file_deleted_while_running) { EXPECT_EQ(run("delete"), "25 25\n"); }

TEST_P(Removed, program_file_replaced_while_running) { EXPECT_EQ(run("replace"), "25 25\n"); }

TEST_P(Birth, has_the_owners_default_start_method) {
  const std::string before = get_start_method();
  set_start_method("spawn");
  {
    Pool pool = make_pool(1);
    EXPECT_EQ(pool.apply(get_start_method), "spawn");
  }
  set_start_method(before);
}

}  // namespace
}  // namespace brood::testing::birth_test

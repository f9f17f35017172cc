#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <mutex>
#include <string>
#include <thread>

#include <brood/barrier.hpp>
#include <brood/connection.hpp>
#include "manager/manager_fixture.hpp"
#include "platform/system_calls.hpp"

// Clients, servers and owners that end in the wrong moment.
namespace brood::testing::ends_test {
namespace {

class Ends : public ManagerTest {};
BROOD_FOR_EVERY_METHOD(Ends);

/// A forked child that runs `body` and then waits to be killed.
class Victim {
 public:
  template <class Body>
  explicit Victim(Body body) {
    auto [ours, theirs] = pipe();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::alarm(60);
      try {
        theirs.send(1);
        body(theirs);
      } catch (...) {
      }
      for (;;) ::pause();
    }
    theirs.close();
    said_ = ours;
    hear();
  }
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;
  ~Victim() { kill(); }
  void hear() { static_cast<void>(said_.recv<int>()); }
  void begin_kill() const { ::kill(pid_, SIGKILL); }
  void kill() {
    if (pid_ == 0) return;
    begin_kill();
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
  Connection said_;
};

TEST_P(Ends, a_killed_consumer_takes_nothing_with_it) {
  const Manager manager(manager_options());
  const auto queue = manager.queue<int>();
  for (int round = 0; round < 20; ++round) {
    Victim victim([&](Connection&) { static_cast<void>(queue.get()); });
    if (round % 2 == 0) {
      victim.kill();
      queue.put(round);
    } else {
      std::thread killer([&] { victim.kill(); });
      queue.put(round);
      killer.join();
    }
    // Either it has got the value, or the value is there.
    if (const auto value = queue.get_for(round % 2 == 0 ? 30s : 200ms)) {
      EXPECT_EQ(*value, round);
    } else {
      EXPECT_EQ(round % 2, 1);
    }
    EXPECT_EQ(queue.size(), 0U);
  }
}

TEST_P(Ends, an_answer_that_is_not_read_is_given_back) {
  const Manager manager(manager_options());
  const auto queue = manager.queue<int>();
  queue.put(1);
  // Stopped in the moment when it waits, it is sent the value and never reads it.
  for (int round = 0; round < 5; ++round) {
    const auto empty = manager.queue<int>();
    auto [ours, theirs] = pipe();
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::alarm(60);
      theirs.send(1);
      static_cast<void>(empty.get());
      theirs.send(2);
      for (;;) ::pause();
    }
    theirs.close();
    ASSERT_EQ(ours.recv<int>(), 1);
    while (status_field(pid, "State").front() != 'S') std::this_thread::yield();
    ::kill(pid, SIGSTOP);
    while (status_field(pid, "State").front() != 'T') std::this_thread::yield();
    empty.put(7);
    // It has been taken for the stopped one, unless that had not asked yet.
    const auto end = std::chrono::steady_clock::now() + 1s;
    while (!empty.empty() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    EXPECT_EQ(empty.get_for(patience).value_or(0), 7);
  }
}

// recvmsg(2) of a process that is killed in it may still take what comes.
TEST_P(Ends, an_answer_is_taken_only_when_it_is_there) {
  static ssize_t (*real)(int, msghdr*, int) = nullptr;
  static std::atomic<int> early{0};
  const Manager manager(manager_options());
  const auto queue = manager.queue<int>();
  const platform::SystemCalls working = platform::system_calls();
  real = working.recvmsg;
  early = 0;
  platform::system_calls().recvmsg = [](int socket, msghdr* message, int flags) {
    pollfd watched{socket, POLLIN, 0};
    if ((flags & MSG_PEEK) == 0 && ::poll(&watched, 1, 0) == 0) ++early;
    return real(socket, message, flags);
  };
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(queue.get_for(1ms).has_value());
  platform::system_calls() = working;
  EXPECT_EQ(early, 0);
}

TEST_P(Ends, a_notification_does_not_end_with_a_killed_waiter) {
  const Manager manager(manager_options());
  const auto condition = manager.condition();
  for (int round = 0; round < 20; ++round) {
    const auto wait = [&](Connection& tell) {
      condition.acquire();
      tell.send(1);
      condition.wait();
      tell.send(2);
    };
    Victim first(wait);
    first.hear();
    Victim second(wait);
    second.hear();
    condition.acquire();  // both wait
    condition.release();
    first.begin_kill();
    condition.notify_one();
    second.hear();
  }
}

TEST_P(Ends, the_next_holder_of_a_lock_is_told_that_the_last_one_has_ended) {
  const Manager manager(manager_options());
  const auto lock = manager.lock();
  const auto rlock = manager.rlock();
  const auto condition = manager.condition();
  Victim victim([&](Connection& tell) {
    lock.acquire();
    rlock.acquire();
    rlock.acquire();
    condition.acquire();
    tell.send(1);
  });
  victim.hear();
  EXPECT_FALSE(lock.try_acquire());
  EXPECT_FALSE(rlock.try_acquire());
  auto waiting = std::async(std::launch::async, [&] {
    lock.acquire();
    return lock.owner_died();
  });
  victim.kill();
  EXPECT_TRUE(waiting.get());
  rlock.acquire();
  EXPECT_TRUE(rlock.owner_died());
  rlock.release();
  rlock.acquire();
  EXPECT_FALSE(rlock.owner_died());
  condition.acquire();
  EXPECT_TRUE(condition.owner_died());
}

TEST_P(Ends, what_a_killed_client_took_of_a_bounded_semaphore_comes_back) {
  const Manager manager(manager_options());
  const auto bounded = manager.bounded_semaphore(3);
  const auto plain = manager.semaphore(1);
  Victim victim([&](Connection& tell) {
    plain.acquire();
    for (int i = 0; i < 3; ++i) bounded.acquire();
    tell.send(1);
  });
  victim.hear();
  EXPECT_FALSE(bounded.try_acquire());
  bounded.release();  // for the victim, which has two more
  victim.kill();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bounded.try_acquire_for(patience));
  EXPECT_FALSE(bounded.try_acquire());
  bounded.release(3);
  EXPECT_THROW(bounded.release(), UsageError);
  EXPECT_FALSE(plain.try_acquire());
  plain.release();
  EXPECT_TRUE(plain.try_acquire());
}

TEST_P(Ends, who_is_killed_while_it_waits_is_not_waited_for) {
  const Manager manager(manager_options());
  const auto lock = manager.lock();
  const auto semaphore = manager.semaphore(0);
  lock.acquire();
  const auto barrier = manager.barrier(2);
  {
    Victim for_lock([&](Connection&) { lock.acquire(); });
    Victim for_semaphore([&](Connection&) { semaphore.acquire(); });
    Victim for_barrier([&](Connection&) { barrier.wait(); });
    while (barrier.n_waiting() == 0) std::this_thread::yield();
  }
  while (!barrier.broken()) std::this_thread::yield();
  EXPECT_THROW(barrier.wait(), BrokenBarrier);
  lock.release();
  semaphore.release();
  EXPECT_TRUE(lock.try_acquire_for(patience));
  EXPECT_TRUE(semaphore.try_acquire_for(patience));
}

TEST_P(Ends, clients_may_be_killed_at_any_moment) {
  const Manager manager(manager_options());
  const auto queue = manager.queue<std::string>();
  const auto lock = manager.lock();
  const auto condition = manager.condition();
  const auto count = manager.value(0L);
  const std::string text(100, 'x');
  const auto work = [&](Connection&) {
    for (;;) {
      queue.put(text);
      const std::lock_guard guard(lock);
      count.update([](long& value) { ++value; });
      static_cast<void>(manager.list<std::string>());
      const std::lock_guard with_condition(condition);
      condition.notify_one();
      condition.wait_for(1us);
      static_cast<void>(queue.get());
    }
  };
  for (int round = 0; round < 15; ++round) {
    Victim one(work), other(work);
    const long before = count.get();
    while (count.get() < before + round) std::this_thread::yield();
    one.kill();
    const long between = count.get();
    while (count.get() < between + 2) std::this_thread::yield();  // it goes on
  }
  EXPECT_TRUE(lock.try_acquire_for(patience));
  EXPECT_TRUE(condition.try_acquire_for(patience));
  while (const auto value = queue.try_get()) EXPECT_EQ(*value, text);
  const auto end = std::chrono::steady_clock::now() + patience;
  while (manager.objects() != 4 && std::chrono::steady_clock::now() < end)
    std::this_thread::yield();
  EXPECT_EQ(manager.objects(), 4U);
}

TEST_P(Ends, a_guard_is_left_quietly_when_the_server_has_been_killed) {
  const Manager manager(manager_options());
  const auto lock = manager.lock();
  const auto semaphore = manager.semaphore(1);
  {
    const std::lock_guard one(lock);
    const std::unique_lock other(semaphore);
    ::kill(manager.pid(), SIGKILL);
    while (true) {
      try {
        static_cast<void>(manager.objects());
      } catch (const SystemError&) {
        break;
      }
    }
  }
  EXPECT_THROW(lock.acquire(), SystemError);
}

struct Speaker {
  std::string path;
  explicit Speaker(std::string file) : path(std::move(file)) {}
  ~Speaker() { append_line(path, "destroyed"); }
};
TEST_P(Ends, objects_are_destroyed_at_shutdown_whatever_a_forked_child_has_copies_of) {
  const Scratch scratch;
  Manager manager(manager_options());
  const auto speaker = manager.make<Speaker>(scratch.path("words"));
  const Victim child([](Connection&) {});
  manager.shutdown();
  EXPECT_EQ(lines_of(scratch.path("words")), std::vector<std::string>{"destroyed"});
}

TEST_P(Ends, callers_of_a_killed_server_get_an_error) {
  Manager manager(manager_options());
  const auto queue = manager.queue<int>();
  auto waiting = std::async(std::launch::async, [&] { return queue.get(); });
  while (queue.size() != 0) std::this_thread::yield();
  ::kill(manager.pid(), SIGKILL);
  EXPECT_THROW(waiting.get(), SystemError);
  EXPECT_THROW(queue.put(1), SystemError);
  EXPECT_THROW(manager.list<int>(), SystemError);
  manager.shutdown();
  EXPECT_THROW(queue.put(1), SystemError);
}

TEST_P(Ends, calls_after_a_shutdown_say_so) {
  Manager manager(manager_options());
  const auto queue = manager.queue<int>();
  const auto list = manager.list<int>();
  auto waiting = std::async(std::launch::async, [&] { return queue.get(); });
  EXPECT_EQ(list.size(), 0U);
  const Watched server(manager.pid());
  manager.shutdown();
  manager.shutdown();
  EXPECT_TRUE(server.ends_within(0ms));
  EXPECT_THROW(waiting.get(), SystemError);
  const auto error = caught<SystemError>([&] { list.push_back(1); });
  EXPECT_TRUE(contains(error.what(), "server has ended")) << error.what();
}

struct Stubborn {
  void call() const {
    for (;;) ::pause();
  }
};
TEST_P(Ends, a_call_that_never_ends_does_not_keep_the_server) {
  Manager manager(manager_options());
  const auto stubborn = manager.make<Stubborn>();
  auto waiting = std::async(std::launch::async, [&] { stubborn.call<&Stubborn::call>(); });
  manager.shutdown();
  EXPECT_THROW(waiting.get(), SystemError);
}

TEST_P(Ends, the_server_ends_with_its_owner) {
  expect_orphans();
  auto [ours, theirs] = pipe();
  const pid_t owner = ::fork();
  if (owner == 0) {
    ::alarm(60);
    const Manager manager(manager_options());
    theirs.send(manager.pid());
    for (;;) ::pause();
  }
  theirs.close();
  const Watched server(ours.recv<int>());
  ::kill(owner, SIGKILL);
  ::waitpid(owner, nullptr, 0);
  EXPECT_TRUE(server.ends_within(patience));
}

TEST_P(Ends, a_server_ignores_signals_to_its_group_and_has_a_name) {
  const Manager manager(manager_options());
  const auto list = manager.list<int>();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::kill(manager.pid(), signal);
  list.push_back(1);
  EXPECT_EQ(list.size(), 1U);
  EXPECT_TRUE(manager.name().starts_with("SyncManager-"));
  EXPECT_EQ(status_field(manager.pid(), "Name"), manager.name().substr(0, 15));
}

TEST_P(Ends, a_forked_child_makes_objects_and_leaves_the_server_alone) {
  Manager manager(manager_options());
  const auto list = manager.list<int>();
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
    int code = 1;
    try {
      const auto made = manager.value(4);
      list.push_back(made.get());
      manager.shutdown();
    } catch (const UsageError&) {
      code = 0;
    }
    ::_exit(code);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(list.items(), std::vector<int>{4});
}

}  // namespace
}  // namespace brood::testing::ends_test

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <brood/connection.hpp>
#include <brood/queue.hpp>
#include "manager/manager_fixture.hpp"
#include "support/in_child.hpp"

// Proxies go wherever a value goes.
namespace brood::testing::travel_test {
namespace {

class ProxyTravel : public OneManager {
 protected:
  bool come_to(std::size_t count) const {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (manager->objects() != count) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }
};
BROOD_FOR_EVERY_METHOD(ProxyTravel);

void count_word(ManagedDict<std::string, int> dict, const std::string& word) {
  dict.update(word, [](int& count) { ++count; });
}
ManagedList<int> append(ManagedList<int> list, int value) {
  list.push_back(value);
  return list;
}

TEST_P(ProxyTravel, an_object_lives_as_long_as_a_proxy) {
  EXPECT_EQ(manager->objects(), 0U);
  {
    const auto list = manager->list<int>();
    const auto copy = list;
    EXPECT_EQ(copy, list);
    EXPECT_EQ(manager->objects(), 1U);
    manager->lock();
    EXPECT_TRUE(come_to(1));
  }
  EXPECT_TRUE(come_to(0));
}

TEST_P(ProxyTravel, containers_hold_proxies) {
  const auto dict = manager->dict<std::string, ManagedList<int>>();
  dict.set("squares", manager->list<int>());
  EXPECT_TRUE(come_to(2));
  dict.at("squares").push_back(4);
  dict.at("squares").push_back(9);
  EXPECT_EQ(dict.at("squares").items(), (std::vector<int>{4, 9}));
  EXPECT_EQ(dict.items().front().second.size(), 2U);
  dict.erase("squares");
  EXPECT_TRUE(come_to(1));
}

TEST_P(ProxyTravel, a_proxy_on_its_way_keeps_its_object) {
  const auto queue = manager->queue<ManagedList<int>>();
  const auto nested = manager->list<ManagedList<int>>();
  const Queue<ManagedList<int>> shared;
  auto [ours, theirs] = pipe();
  for (int value = 0; value < 4; ++value) {
    const auto made = manager->list<int>();
    made.push_back(value);
    if (value == 0) queue.put(made);
    if (value == 1) nested.push_back(made);
    if (value == 2) ours.send(made);
    if (value == 3) shared.put(made);
  }
  EXPECT_EQ(manager->objects(), 6U);
  EXPECT_EQ(queue.get().get().items(), std::vector<int>{0});
  EXPECT_EQ(nested.pop_back().items(), std::vector<int>{1});
  EXPECT_EQ(theirs.recv<ManagedList<int>>().get().items(), std::vector<int>{2});
  EXPECT_EQ(shared.get().get().items(), std::vector<int>{3});
  EXPECT_TRUE(come_to(2));
}

TEST_P(ProxyTravel, proxies_are_arguments_and_results_of_tasks) {
  const auto dict = manager->dict<std::string, int>();
  for (const std::string& of_pool : start_methods()) {
    dict.clear();
    Pool pool({.workers = 2, .start_method = of_pool});
    std::vector<std::string> words;
    for (int i = 0; i < 60; ++i) words.push_back(i % 3 == 0 ? "a" : "b");
    pool.for_each(task(count_word, dict), words);
    EXPECT_EQ(dict.at("a"), 20);
    EXPECT_EQ(dict.at("b"), 40);
    const auto list = manager->list<int>();
    EXPECT_EQ(pool.apply(append, list, 5), list);
    EXPECT_EQ(list.items(), std::vector<int>{5});
  }
}

TEST_P(ProxyTravel, proxies_are_arguments_of_processes) {
  const auto dict = manager->dict<std::string, int>();
  for (const std::string& of_process : start_methods()) {
    dict.clear();
    std::vector<Process> processes;
    for (int i = 0; i < 3; ++i)
      processes.emplace_back(ProcessOptions{.start_method = of_process}, count_word, dict, "word");
    for (Process& process : processes) process.start();
    for (Process& process : processes) process.join();
    EXPECT_EQ(dict.at("word"), 3);
  }
}

int make_and_use(const std::string& method) {
  const Manager own({.start_method = method});
  const auto list = own.list<int>();
  list.push_back(4);
  return list.at(0);
}
TEST_P(ProxyTravel, a_worker_may_have_a_manager) {
  Pool pool({.workers = 1, .start_method = method()});
  EXPECT_EQ(pool.apply(make_and_use, method()), 4);
}

TEST_P(ProxyTravel, a_server_does_not_hold_the_objects_of_another) {
  auto list = manager->list<int>();
  const Manager other(manager_options());
  list = {};
  EXPECT_TRUE(come_to(0));
}

TEST_P(ProxyTravel, connections_go_through_objects) {
  const auto queue = manager->queue<Connection>();
  const auto space = manager->space();
  auto [ours, theirs] = pipe();
  queue.put(theirs);
  space.set("other", ours);
  theirs.close();
  ours.close();
  queue.get().get().send(5);
  EXPECT_EQ(space.get<Connection>("other").recv<int>(), 5);
}

TEST_P(ProxyTravel, many_threads_of_many_forked_children_use_one_proxy) {
  const auto counter = manager->value(0);
  const auto lock = manager->lock();
  const auto plain = manager->value(0);
  static_cast<void>(counter.get());  // a connection that the children must not share
  constexpr int threads = 8, calls = 25;
  const auto work = [&] {
    std::vector<std::thread> running;
    for (int i = 0; i < threads; ++i)
      running.emplace_back([&] {
        for (int call = 0; call < calls; ++call) {
          counter.update([](int& value) { ++value; });
          const std::lock_guard guard(lock);
          plain.set(plain.get() + 1);
        }
      });
    for (std::thread& thread : running) thread.join();
    return 0;
  };
  // Forked here, one after the other, while nothing else runs.
  std::vector<pid_t> pids;
  for (int child = 0; child < 4; ++child) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::alarm(60);
      ::_exit(work());
    }
    pids.push_back(pid);
  }
  work();
  for (const pid_t pid : pids) {
    int status = -1;
    ::waitpid(pid, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(counter.get(), 5 * threads * calls);
  EXPECT_EQ(plain.get(), 5 * threads * calls);
}

TEST_P(ProxyTravel, objects_come_and_go_and_leave_nothing) {
  const auto kept = manager->list<int>();
  const std::string server = std::to_string(manager->pid());
  const auto once = [&] {
    const auto dict = manager->dict<int, ManagedList<int>>();
    dict.set(1, manager->list<int>());
    dict.at(1).push_back(2);
  };
  once();
  EXPECT_TRUE(come_to(1));
  const std::size_t here = descriptors_of("self").size(), there = descriptors_of(server).size();
  for (int i = 0; i < 500; ++i) once();
  EXPECT_TRUE(come_to(1));
  EXPECT_EQ(descriptors_of("self").size(), here);
  const auto end = std::chrono::steady_clock::now() + patience;
  while (descriptors_of(server).size() > there && std::chrono::steady_clock::now() < end)
    std::this_thread::yield();
  EXPECT_LE(descriptors_of(server).size(), there);
}

// Whether all of them could make their objects.
bool make_and_drop_objects(const Manager& manager) {
  std::atomic<bool> refused{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      try {
        for (int n = 0; n < times(1000, 300); ++n) manager.list<int>().push_back(n);
      } catch (const SystemError&) {
        refused = true;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return !refused;
}

TEST_P(ProxyTravel, a_server_keeps_up_with_many_that_make_objects_and_drop_them) {
  const int result = in_child([&] {
    const rlimit few{1000, 1000};
    if (::setrlimit(RLIMIT_NOFILE, &few) != 0) return 1;
    bool made_all = true;
    {
      const Manager small(manager_options());
      std::vector<pid_t> clients;
      for (int i = 0; i < 3; ++i) {
        clients.push_back(::fork());
        if (clients.back() == 0) ::_exit(make_and_drop_objects(small) ? 0 : 1);
      }
      for (const pid_t client : clients) {
        int status = -1;
        ::waitpid(client, &status, 0);
        made_all = made_all && status == 0;
      }
    }
    start::drop_forkserver();
    return made_all ? 0 : 2;
  });
  EXPECT_EQ(result, 0);
}

}  // namespace
}  // namespace brood::testing::travel_test

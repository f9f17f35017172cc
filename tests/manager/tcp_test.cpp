#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <brood/barrier.hpp>
#include <brood/shared_memory.hpp>
#include "manager/tcp_fixture.hpp"

// What a manager does for programs that have its address and its key.
namespace brood::testing::tcp_test {
namespace {

class Tcp : public TcpTest {};
BROOD_FOR_EVERY_METHOD(Tcp);

void demand(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}
#define DEMAND(condition) demand(condition, #condition)

struct Account {
  explicit Account(int with) : balance(with) {}
  int add(int amount) {
    if (amount < 0) throw std::invalid_argument("less than nothing");
    return balance += amount;
  }
  int balance;
};

void use_containers(const Manager& manager) {
  const auto dict = manager.dict<std::string, int>();
  dict.set("a", 1);
  DEMAND(dict.update("a", [](int& value) { ++value; }) == 2);
  const auto list = manager.list<std::string>();
  list.push_back("x");
  DEMAND(list.items() == std::vector<std::string>{"x"});
  const auto value = manager.value(std::string(5'000'000, 'v'));
  DEMAND(value.get() == std::string(5'000'000, 'v'));
  const auto space = manager.space();
  space.set("n", 3);
  DEMAND(space.get<int>("n") == 3);
  const auto queue = manager.queue<int>(1);
  queue.put(7);
  DEMAND(queue.full() && queue.get() == 7);
  DEMAND(!queue.get_for(10ms));
  DEMAND(manager.make<Account>(5).call<&Account::add>(3) == 8);
}

void use_locks(const Manager& manager) {
  const auto lock = manager.lock();
  lock.acquire();
  DEMAND(lock.locked());
  lock.release();
  const auto rlock = manager.rlock();
  rlock.acquire();
  rlock.acquire();
  const auto semaphore = manager.semaphore(2);
  semaphore.acquire();
  DEMAND(semaphore.value() == 1);
  DEMAND(manager.bounded_semaphore(0).value() == 0);
  const auto event = manager.event();
  std::thread setter([&] { event.set(); });
  event.wait();
  setter.join();
  const auto condition = manager.condition();
  const std::lock_guard guard(condition);
  DEMAND(!condition.wait_for(10ms));
  const auto barrier = manager.barrier(2);
  auto other = std::async(std::launch::async, [&] { return barrier.wait(); });
  DEMAND(barrier.wait() + other.get() == 1);
}

TEST_P(Tcp, every_maker_works_with_nothing_but_address_and_key) {
  const auto containers = remote([](const Manager& far, Connection&) { use_containers(far); });
  const auto locks = remote([](const Manager& far, Connection&) { use_locks(far); });
  const Manager manager(listening());
  EXPECT_TRUE(manager.address().starts_with("127.0.0.1:"));
  containers->connect(manager.address());
  locks->connect(manager.address());
  EXPECT_EQ(containers->end(), "");
  EXPECT_EQ(locks->end(), "");
  EXPECT_TRUE(come_to(manager, 0));
}

TEST_P(Tcp, exceptions_come_back_as_their_own_type) {
  const auto client = remote([](const Manager& far, Connection&) {
    const auto account = far.make<Account>(1);
    const auto error = caught<std::invalid_argument>([&] { account.call<&Account::add>(-1); });
    DEMAND(error.what() == std::string("less than nothing"));
    caught<UsageError>([&] { far.barrier(0); });
    caught<std::out_of_range>([&] { far.dict<int, int>().at(1); });
    DEMAND(account.call<&Account::add>(1) == 2);
  });
  const Manager manager(listening());
  client->connect(manager.address());
  EXPECT_EQ(client->end(), "");
}

TEST_P(Tcp, threads_call_at_once) {
  const auto client = remote([](const Manager& far, Connection&) {
    const auto counter = far.value(0);
    const auto lock = far.lock();
    const auto plain = far.value(0);
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        for (int call = 0; call < 20; ++call) {
          counter.update([](int& value) { ++value; });
          const std::lock_guard guard(lock);
          plain.set(plain.get() + 1);
        }
      });
    for (std::thread& thread : threads) thread.join();
    DEMAND(counter.get() == 160 && plain.get() == 160);
  });
  const Manager manager(listening());
  client->connect(manager.address());
  EXPECT_EQ(client->end(), "");
}

TEST_P(Tcp, proxies_cross_by_way_of_containers) {
  const auto one = remote([](const Manager& far, Connection& tell) {
    auto inner = far.list<int>();
    inner.push_back(4);
    const auto outer = far.dict<std::string, ManagedList<int>>();
    outer.set("inner", inner);
    inner = {};
    DEMAND(outer.at("inner").at(0) == 4);
    far.space();
    tell.send(1);
    static_cast<void>(tell.recv<int>());
    DEMAND(outer.at("inner").items() == std::vector<int>{4});
  });
  const Manager manager(listening());
  one->connect(manager.address());
  EXPECT_EQ(one->hear(), 1);
  EXPECT_TRUE(come_to(manager, 2));
  one->talk().send(1);
  EXPECT_EQ(one->end(), "");
  EXPECT_TRUE(come_to(manager, 0));
}

// The first object that a program makes is the one that the others find by calling the root.
struct Board {
  static constexpr bool concurrent_calls = true;
  ManagedQueue<ManagedList<int>> get() const { return *posted(); }
  void post(const ManagedQueue<ManagedList<int>>& queue) { *posted() = queue; }
  static ManagedQueue<ManagedList<int>>* posted() {
    static auto* const instance = new ManagedQueue<ManagedList<int>>;
    return instance;
  }
};
TEST_P(Tcp, programs_meet_in_the_server) {
  const auto giver = remote([](const Manager& far, Connection& tell) {
    static_cast<void>(tell.recv<int>());
    const auto made = far.list<int>();
    made.push_back(9);
    far.make<Board>().call<&Board::get>().put(made);
  });
  const auto taker = remote([](const Manager& far, Connection& tell) {
    const auto queue = far.make<Board>().call<&Board::get>();
    tell.send(1);
    DEMAND(queue.get().value().items() == std::vector<int>{9});
  });
  const Manager manager(listening());
  manager.make<Board>().call<&Board::post>(manager.queue<ManagedList<int>>());
  taker->connect(manager.address());
  EXPECT_EQ(taker->hear(), 1);
  giver->connect(manager.address());
  giver->talk().send(1);
  EXPECT_EQ(giver->end(), "");
  EXPECT_EQ(taker->end(), "");
  EXPECT_TRUE(come_to(manager, 1));
}

int append(const ManagedList<int>& list, int value) {
  list.push_back(value);
  return value;
}
TEST_P(Tcp, workers_of_a_remote_program_use_its_proxies) {
  const auto client = remote([method = method()](const Manager& far, Connection&) {
    const auto list = far.list<int>();
    Pool pool({.workers = 2, .start_method = method});
    pool.for_each(task(append, list), std::vector<int>{1, 2, 3});
    DEMAND(list.size() == 3);
  });
  const Manager manager(listening());
  client->connect(manager.address());
  EXPECT_EQ(client->end(), "");
}

TEST_P(Tcp, what_is_of_one_machine_does_not_cross) {
  const auto client = remote([method = method()](const Manager& far, Connection&) {
    auto [one, other] = pipe();
    const auto queue = far.queue<Connection>();
    try {
      queue.put(one);
      throw std::logic_error("it crossed");
    } catch (const CodecError& error) {
      demand(contains(error.what(), "network"), error.what());
    }
    DEMAND(queue.size() == 0);
    const Manager own({.start_method = method});
    caught<CodecError>([&] { far.list<ManagedLock>().push_back(own.lock()); });
    // Nor in the other direction, and then it stays where it is.
    const auto filled = far.make<Board>().call<&Board::get>();
    caught<CodecError>([&] { static_cast<void>(filled.get()); });
    caught<CodecError>([&] { static_cast<void>(filled.get()); });
    while (filled.size() != 1) std::this_thread::yield();
  });
  const Manager manager(listening());
  const Manager other(manager_options());
  const auto queue = manager.queue<ManagedList<int>>();
  queue.put(other.list<int>());
  manager.make<Board>().call<&Board::post>(queue);
  client->connect(manager.address());
  EXPECT_EQ(client->end(), "");
  EXPECT_EQ(queue.get().value().size(), 0U);
}

TEST_P(Tcp, one_s_own_server_can_be_reached_and_left_and_reached_again) {
  const auto client = remote([method = method()](const Manager& far, Connection& tell) {
    const auto address = tell.recv<std::string>().value();
    const auto list = far.list<int>();
    list.push_back(1);
    const_cast<Manager&>(far).shutdown();
    caught<SystemError>([&] { list.push_back(2); });
    const Manager again = Manager::connect(address, right_key, method);
    const auto other = again.list<int>();
    other.push_back(3);
    DEMAND(other.size() == 1);
  });
  const Manager manager(listening());
  client->connect(manager.address());
  client->talk().send(manager.address());
  EXPECT_EQ(client->end(), "");
  const Manager near = Manager::connect(manager.address(), right_key, method());
  const auto list = near.list<int>();
  list.push_back(1);
  EXPECT_EQ(manager.list<ManagedList<int>>().size(), 0U);
  EXPECT_EQ(list.size(), 1U);
}

}  // namespace
}  // namespace brood::testing::tcp_test

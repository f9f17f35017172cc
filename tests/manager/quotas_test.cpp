#include <condition_variable>
#include <future>
#include <mutex>

#include "manager/tcp_fixture.hpp"

// What one remote program may have of a server.
namespace brood::testing::quotas_test {
namespace {

class Quotas : public TcpTest {
 protected:
  brood::ManagerOptions with(ManagerQuotas quotas) const {
    brood::ManagerOptions options = listening();
    options.quotas = quotas;
    return options;
  }
};
BROOD_FOR_EVERY_METHOD(Quotas);

template <class Body>
std::string refusal(Body body) {
  return caught<QuotaError>(body).what();
}

TEST_P(Quotas, are_at_least_1) {
  EXPECT_THROW(Manager(with({.objects = 0})), UsageError);
  EXPECT_THROW(Manager(with({.bytes = 0})), UsageError);
  EXPECT_THROW(Manager(with({.connections = 0})), UsageError);
}

TEST_P(Quotas, of_objects_count_those_that_live) {
  const auto client = remote([](const Manager& far, Connection& tell) {
    std::vector<ManagedList<int>> lists;
    for (int i = 0; i < 3; ++i) lists.push_back(far.list<int>());
    tell.send(refusal([&] { far.list<int>(); }));
    tell.send(refusal([&] { far.queue<int>(); }));
    lists.pop_back();
    for (bool has_room = false; !has_room;) {  // its end is a message, too
      try {
        lists.push_back(far.list<int>());
        has_room = true;
      } catch (const QuotaError&) {
        std::this_thread::yield();
      }
    }
    lists.back().push_back(5);
    if (lists.back().at(0) != 5) throw UsageError("another list");
  });
  const auto other = remote([](const Manager& far, Connection&) { far.list<int>(); });
  const Manager manager(with({.objects = 3}));
  client->connect(manager.address());
  for (int i = 0; i < 2; ++i) {
    const std::string text = client->hear<std::string>();
    EXPECT_TRUE(contains(text, "quotas.objects is 3")) << text;
  }
  other->connect(manager.address());
  EXPECT_EQ(other->end(), "") << "every program has its own";
  std::vector<ManagedList<int>> local;
  for (int i = 0; i < 10; ++i) local.push_back(manager.list<int>());
  EXPECT_EQ(client->end(), "");
}

struct Board {
  static inline ManagedQueue<std::string> queue;
  void pin_up(ManagedQueue<std::string> pinned) { queue = std::move(pinned); }
  ManagedQueue<std::string> look() const { return queue; }
};

TEST_P(Quotas, of_bytes_count_values_until_they_are_taken) {
  const std::string value(600'000, 'x');
  const auto client = remote([value](const Manager& far, Connection& tell) {
    const auto queue = far.make<Board>().call<&Board::look>();
    queue.put(value);
    tell.send(refusal([&] { queue.put(value); }));
    static_cast<void>(tell.recv<int>());
    queue.put(value);
    // One that is taken by the program itself makes room, too.
    if (queue.get() != value) throw UsageError("another value");
    queue.put(value);
    tell.send(refusal([&] { queue.put(std::string(2'000'000, 'y')); }));
    static_cast<void>(queue.size());
  });
  const Manager manager(with({.bytes = 1 << 20}));
  const auto queue = manager.queue<std::string>();
  manager.make<Board>().call<&Board::pin_up>(queue);
  client->connect(manager.address());
  std::string text = client->hear<std::string>();
  EXPECT_TRUE(contains(text, "quotas.bytes is 1048576")) << text;
  EXPECT_EQ(queue.size(), 1U) << "what was refused is not there";
  for (int i = 0; i < 3; ++i) queue.put(value);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(queue.get(), value);
  client->talk().send(1);
  text = client->hear<std::string>();
  EXPECT_TRUE(contains(text, "quotas.bytes")) << text;
  EXPECT_EQ(client->end(), "");
  EXPECT_EQ(queue.get_for(patience), std::optional(value));
}

template <class Call>
void expect_refusal(Call call) {
  if (!contains(refusal(call), "quotas.bytes")) throw UsageError("it had room");
}

// Three of 300,000 bytes find room in 1 MiB, and a fourth does not.
TEST_P(Quotas, of_bytes_count_elements_of_lists_until_they_are_gone) {
  const std::string value(300'000, 'x');
  const auto client = remote([value](const Manager& far, Connection&) {
    const auto list = far.list<std::string>();
    list.extend(std::vector<std::string>{value, value});
    list.insert(0, value);
    expect_refusal([&] { list.push_back(value); });
    if (list.pop(1) != value || list.size() != 2) throw UsageError("another list");
    for (int i = 0; i < 20; ++i) list.set(static_cast<std::size_t>(i % 2), value);
    list.push_back(value);
    expect_refusal([&] { list.set(0, value); });
    list.erase(0);
    list.push_back(value);
    if (list.pop_back() != value) throw UsageError("another value");
    list.set(0, "small");
    list.extend(std::vector<std::string>{value, value});
    expect_refusal([&] { list.push_back(value); });
    list.clear();
    list.push_back(value);
    list.update(0, [](std::string& text) { text += 'y'; });
    list.insert(1, value);
    list.insert(0, value);
    expect_refusal([&] { list.push_back(value); });
  });
  const Manager manager(with({.bytes = 1 << 20}));
  client->connect(manager.address());
  EXPECT_EQ(client->end(), "");
}

struct Becomes {
  std::string value;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(value);
  }
  void operator()(std::string& text) const { text = value; }
};

TEST_P(Quotas, of_bytes_count_values_of_dicts_until_they_are_gone) {
  const std::string value(300'000, 'x');
  const auto client = remote([value](const Manager& far, Connection&) {
    const auto dict = far.dict<int, std::string>();
    const auto full = [&] { expect_refusal([&] { dict.set(9, value); }); };
    dict.set(1, value);
    dict.update(std::map<int, std::string>{{2, value}, {3, value}});
    full();
    if (dict.pop(1) != value) throw UsageError("another value");
    if (dict.insert(2, value)) throw UsageError("it was there");
    for (int i = 0; i < 20; ++i) dict.set(2 + i % 2, value);
    if (!dict.insert(1, value)) throw UsageError("it was not there");
    full();
    if (!dict.erase(1)) throw UsageError("it was not there");
    static_cast<void>(dict.get_or_insert(2, value));
    static_cast<void>(dict.get_or_insert(1, value));
    full();
    dict.clear();
    for (int i = 0; i < 3; ++i) dict.update(i, Becomes{value});
    full();
  });
  const Manager manager(with({.bytes = 1 << 20}));
  client->connect(manager.address());
  EXPECT_EQ(client->end(), "");
}

TEST_P(Quotas, of_bytes_count_what_a_value_is_until_it_is_another) {
  const std::string text(500'000, 'x');
  const auto client = remote([text](const Manager& far, Connection&) {
    auto one = far.value<std::string>(text);
    const auto other = far.value<std::string>("");
    expect_refusal([&] { other.set(text + text); });
    one.set("small");
    other.set(text);
    expect_refusal([&] { one.set(text + text); });
    if (other.exchange("small") != text) throw UsageError("another value");
    one.set(text);
    one = {};  // it dies, which is a message, too
    for (bool has_room = false; !has_room;) {
      try {
        other.set(text + text);
        has_room = true;
      } catch (const QuotaError&) {
        std::this_thread::yield();
      }
    }
  });
  const Manager manager(with({.bytes = 1 << 20}));
  client->connect(manager.address());
  EXPECT_EQ(client->end(), "");
}

constexpr std::size_t no_more = ~std::size_t{0};
struct Shelf {
  static inline ManagedList<std::string> list;
  void put_up(ManagedList<std::string> shared) { list = std::move(shared); }
  ManagedList<std::string> look() const { return list; }
};

TEST_P(Quotas, of_bytes_are_those_of_the_program_whose_element_it_is) {
  const std::string value(600'000, 'x');
  const auto program = [value](const Manager& far, Connection& tell) {
    const auto list = far.make<Shelf>().call<&Shelf::look>();
    const auto next = [&tell] { return tell.recv<std::size_t>().value(); };
    for (std::size_t index = next(); index != no_more; index = next()) {
      try {
        index < list.size() ? list.set(index, value) : list.push_back(value);
        tell.send(true);
      } catch (const QuotaError&) {
        tell.send(false);
      }
    }
  };
  const auto one = remote(program), other = remote(program);
  const auto puts = [](const auto& client, std::size_t index) {
    client->talk().send(index);
    return client->template hear<bool>();
  };
  const Manager manager(with({.bytes = 1 << 20}));
  const auto list = manager.list<std::string>();
  manager.make<Shelf>().call<&Shelf::put_up>(list);
  one->connect(manager.address());
  other->connect(manager.address());
  list.push_back(value);
  EXPECT_TRUE(puts(one, 1));
  EXPECT_FALSE(puts(one, 2));
  EXPECT_TRUE(puts(other, 1)) << "it is the other's now";
  EXPECT_FALSE(puts(other, 2));
  EXPECT_TRUE(puts(one, 0));
  list.set(1, value);
  EXPECT_TRUE(puts(other, 2)) << "what this program has overwritten is its own";
  EXPECT_EQ(list.pop(0), value);
  EXPECT_TRUE(puts(one, 2));
  EXPECT_EQ(list.size(), 3U);
  for (Remote* client : {one.get(), other.get()}) {
    client->talk().send(no_more);
    EXPECT_EQ(client->end(), "");
  }
}

/// Of the server's process, whichever object is called.
struct Gate {
  static inline std::mutex mutex;
  static inline std::condition_variable changed;
  static inline int inside = 0;
  static inline bool open = false;
  void enter() {
    std::unique_lock lock(mutex);
    ++inside;
    changed.notify_all();
    changed.wait(lock, [] { return open; });
  }
  void await_inside(int count) const {
    std::unique_lock lock(mutex);
    changed.wait(lock, [count] { return inside == count; });
  }
  void let_all_go() {
    const std::lock_guard lock(mutex);
    open = true;
    changed.notify_all();
  }
};

TEST_P(Quotas, of_connections_count_calls_at_the_same_time) {
  expect_orphans();
  const auto client = remote([](const Manager& far, Connection& tell) {
    const auto queue = far.queue<int>();
    const auto enter = [gate = far.make<Gate>()] { gate.call<&Gate::enter>(); };
    const auto enter_another = [gate = far.make<Gate>()] { gate.call<&Gate::enter>(); };
    auto one = std::async(std::launch::async, enter);
    auto two = std::async(std::launch::async, enter_another);
    static_cast<void>(tell.recv<int>());  // both are inside
    tell.send(refusal([&queue] { queue.size(); }));
    one.get();
    two.get();
    queue.size();
    tell.send(std::string("there is room again"));
    for (;;) ::pause();
  });
  const auto steady = remote([](const Manager& far, Connection& tell) {
    const auto queue = far.queue<int>();
    auto one = std::async(std::launch::async, [&queue] { return queue.get(); });
    tell.send(1);
    queue.close();
    static_cast<void>(one.get());
  });
  const Manager manager(with({.connections = 2}));
  client->connect(manager.address());
  manager.make<Gate>().call<&Gate::await_inside>(2);
  client->talk().send(1);
  const std::string text = client->hear<std::string>();
  EXPECT_TRUE(contains(text, "quotas.connections is 2")) << text;
  manager.make<Gate>().call<&Gate::let_all_go>();
  EXPECT_EQ(client->hear<std::string>(), "there is room again");
  steady->connect(manager.address());
  EXPECT_EQ(steady->hear(), 1);
  EXPECT_EQ(steady->end(), "");
  client->kill();
  EXPECT_TRUE(come_to(manager, 0));
}

}  // namespace
}  // namespace brood::testing::quotas_test

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <future>
#include <list>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "manager/tcp_fixture.hpp"
#include "platform/tcp.hpp"

// Strangers, listeners on the wire, and ends in the wrong moment.
namespace brood::testing::tcp_ends_test {
namespace {

class TcpEnds : public TcpTest {};
BROOD_FOR_EVERY_METHOD(TcpEnds);

platform::Descriptor stranger(const Manager& manager) {
  return platform::connect_to(manager.address(), std::chrono::steady_clock::now() + patience);
}
bool ends(int socket) {
  for (;;) {
    pollfd watched{socket, POLLIN, 0};
    if (::poll(&watched, 1, 30'000) <= 0) return false;
    std::array<char, 256> bytes{};
    if (::recv(socket, bytes.data(), bytes.size(), 0) <= 0) return true;
  }
}

TEST_P(TcpEnds, an_address_takes_a_key) {
  EXPECT_THROW(Manager({.start_method = method(), .address = "127.0.0.1:0"}), UsageError);
  EXPECT_THROW(Manager({.start_method = method(), .key = right_key}), UsageError);
  EXPECT_THROW(Manager::connect("127.0.0.1:1", ""), UsageError);
  for (const char* wrong : {"127.0.0.1", ":5", "host:", "host:x", "host:70000", "::1:5", "[]:5"}) {
    EXPECT_THROW(Manager({.address = wrong, .key = right_key}), UsageError) << wrong;
    EXPECT_THROW(Manager::connect(wrong, right_key), UsageError) << wrong;
  }
  EXPECT_EQ(Manager(manager_options()).address(), "");
}

TEST_P(TcpEnds, what_the_system_refuses_is_told) {
  const Manager manager(listening());
  Manager other(listening());
  const std::string gone = other.address();
  EXPECT_THROW(Manager({.address = manager.address(), .key = right_key}), SystemError);
  other.shutdown();
  EXPECT_THROW(Manager::connect(gone, right_key, method()), SystemError);
}

TEST_P(TcpEnds, a_wrong_key_is_refused_and_the_server_goes_on) {
  const auto wrong = remote([](const Manager&, Connection&) {});
  const auto right = remote([](const Manager& far, Connection&) { far.list<int>().push_back(1); });
  const Manager manager(listening());
  wrong->connect(manager.address(), right_key + "r");
  EXPECT_EQ(wrong->end(), "AuthenticationError");
  right->connect(manager.address());
  EXPECT_EQ(right->end(), "");
}

TEST_P(TcpEnds, strangers_harm_nobody) {
  const auto client = remote([](const Manager& far, Connection&) { far.list<int>().push_back(1); });
  const Manager manager(listening());
  std::vector<platform::Descriptor> silent;
  for (int i = 0; i < 10; ++i) silent.push_back(stranger(manager));
  for (const std::string& said : {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(100'000, 'x'),
                                  std::string("\x16\x03\x01\x00\x05hello", 10)}) {
    const platform::Descriptor loud = stranger(manager);
    ::send(loud.get(), said.data(), said.size(), MSG_NOSIGNAL);
    EXPECT_TRUE(ends(loud.get()));
  }
  client->connect(manager.address());
  EXPECT_EQ(client->end(), "");
  // Nor does it wait for ever for a client that says nothing.
  EXPECT_TRUE(ends(silent.front().get()));
}

TEST_P(TcpEnds, strangers_however_many_keep_nobody_out) {
  const auto client = remote([](const Manager& far, Connection&) { far.list<int>().push_back(1); });
  const Manager manager(listening());
  std::vector<platform::Descriptor> silent;
  for (int i = 0; i < 100; ++i) silent.push_back(stranger(manager));
  client->connect(manager.address());
  EXPECT_EQ(client->end(), "");
  for (const platform::Descriptor& one : silent) EXPECT_TRUE(ends(one.get()));
}

/// Between a client and a server: sees what goes over the wire.
class Relay {
 public:
  explicit Relay(std::string target)
      : target_(std::move(target)), listener_(platform::listen_at("127.0.0.1:0")) {
    thread_ = std::thread([this] { accept_all(); });
  }
  ~Relay() {
    ::shutdown(listener_.socket.get(), SHUT_RDWR);
    thread_.join();
    for (std::thread& thread : threads_) thread.join();
  }
  const std::string& address() const { return listener_.address; }
  std::string seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  void accept_all() {
    for (;;) {
      pollfd watched{listener_.socket.get(), POLLIN, 0};
      ::poll(&watched, 1, -1);
      platform::Descriptor one = platform::accept_from(listener_.socket.get());
      if (!one) return;
      platform::Descriptor other =
          platform::connect_to(target_, std::chrono::steady_clock::now() + patience);
      threads_.emplace_back(
          [this, one = std::move(one), other = std::move(other)] { pass(one.get(), other.get()); });
    }
  }
  void pass(int one, int other) {
    for (;;) {
      std::array<pollfd, 2> watched{pollfd{one, POLLIN, 0}, pollfd{other, POLLIN, 0}};
      ::poll(watched.data(), watched.size(), -1);
      if (watched[0].revents != 0 && !pass_one(one, other)) return;
      if (watched[1].revents != 0 && !pass_one(other, one)) return;
    }
  }
  bool pass_one(int from, int to) {
    std::array<char, 65536> bytes{};
    const ssize_t count = ::recv(from, bytes.data(), bytes.size(), 0);
    if (count <= 0) return false;
    {
      const std::lock_guard lock(mutex_);
      seen_.append(bytes.data(), static_cast<std::size_t>(count));
    }
    for (ssize_t sent = 0; sent < count;) {
      const ssize_t step =
          ::send(to, bytes.data() + sent, static_cast<std::size_t>(count - sent), MSG_NOSIGNAL);
      if (step > 0) sent += step;
      pollfd watched{to, POLLOUT, 0};
      if (step < 0 && (errno != EAGAIN || ::poll(&watched, 1, 30'000) <= 0)) return false;
    }
    return true;
  }

  const std::string target_;
  const platform::Listener listener_;
  std::thread thread_;
  std::list<std::thread> threads_;
  std::mutex mutex_;
  std::string seen_;
};

TEST_P(TcpEnds, nobody_on_the_way_can_read) {
  const std::string secret = "what nobody else shall know";
  const auto client = remote([secret](const Manager& far, Connection&) {
    const auto list = far.list<std::string>();
    for (int i = 0; i < 100; ++i) list.push_back(secret);
    if (list.items() != std::vector<std::string>(100, secret)) throw UsageError("another value");
  });
  const Manager manager(listening());
  {
    Relay relay(manager.address());
    client->connect(relay.address());
    EXPECT_EQ(client->end(), "");
    EXPECT_GT(relay.seen().size(), 100 * secret.size());
    EXPECT_EQ(relay.seen().find(secret.substr(0, 12)), std::string::npos);
    EXPECT_EQ(relay.seen().find(right_key), std::string::npos);
  }
}

TEST_P(TcpEnds, objects_end_with_their_last_proxy_or_program) {
  const auto client = remote([](const Manager& far, Connection& tell) {
    auto list = far.list<int>();
    const auto copy = list;
    const auto kept = far.value(1);
    tell.send(1);
    static_cast<void>(tell.recv<int>());
    list = {};
    const_cast<ManagedList<int>&>(copy) = {};
    tell.send(2);
    for (;;) ::pause();
  });
  const Manager manager(listening());
  client->connect(manager.address());
  EXPECT_EQ(client->hear(), 1);
  EXPECT_EQ(manager.objects(), 2U);
  client->talk().send(1);
  EXPECT_EQ(client->hear(), 2);
  EXPECT_TRUE(come_to(manager, 1));
  expect_orphans();
  client->kill();
  EXPECT_TRUE(come_to(manager, 0));
}

struct Shared {
  static constexpr bool concurrent_calls = true;
  struct Things {
    ManagedLock lock;
    ManagedQueue<int> queue;
    template <class Archive>
    void serialize(Archive& archive) {
      archive(lock, queue);
    }
  };
  Things get() const { return *all(); }
  void set(const Things& things) { *all() = things; }
  static Things* all() {
    static auto* const instance = new Things;
    return instance;
  }
};
Shared::Things shared_by(const Manager& manager) {
  return manager.make<Shared>().call<&Shared::get>();
}

TEST_P(TcpEnds, a_program_has_as_many_proxies_as_its_own_limit_allows) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit few{128, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &few);
  Remote program(method(), [&](Manager& server, Connection&) {
    ::setrlimit(RLIMIT_NOFILE, &before);  // not that of its gateway
    std::vector<ManagedEvent> events;
    while (events.size() < 300) events.push_back(server.event());
    events.back().set();
  });
  ::setrlimit(RLIMIT_NOFILE, &before);
  const Manager manager(listening());
  program.connect(manager.address());
  EXPECT_EQ(program.end(), "");
}

TEST_P(TcpEnds, a_killed_program_s_locks_go_to_the_next) {
  expect_orphans();
  const auto client = remote([](const Manager& far, Connection& tell) {
    const auto things = shared_by(far);
    things.lock.acquire();
    tell.send(1);
    for (;;) ::pause();
  });
  const Manager manager(listening());
  const auto lock = manager.lock();
  manager.make<Shared>().call<&Shared::set>(Shared::Things{lock, manager.queue<int>()});
  client->connect(manager.address());
  EXPECT_EQ(client->hear(), 1);
  EXPECT_FALSE(lock.try_acquire());
  auto waiting = std::async(std::launch::async, [&] {
    lock.acquire();
    return lock.owner_died();
  });
  client->kill();
  EXPECT_TRUE(waiting.get());
}

TEST_P(TcpEnds, a_killed_consumer_takes_nothing_with_it) {
  expect_orphans();
  std::vector<std::unique_ptr<Remote>> clients;
  for (int i = 0; i < 10; ++i)
    clients.push_back(remote([](const Manager& far, Connection& tell) {
      const auto things = shared_by(far);
      tell.send(1);
      static_cast<void>(things.queue.get());
      tell.send(2);
      for (;;) ::pause();
    }));
  const Manager manager(listening());
  const auto queue = manager.queue<int>();
  manager.make<Shared>().call<&Shared::set>(Shared::Things{manager.lock(), queue});
  for (int round = 0; round < 10; ++round) {
    Remote& client = *clients[static_cast<std::size_t>(round)];
    client.connect(manager.address());
    EXPECT_EQ(client.hear(), 1);
    if (round % 2 == 0) {
      client.kill();
      queue.put(round);
      EXPECT_EQ(queue.get_for(patience), std::optional(round));
    } else {
      queue.put(round);
      EXPECT_EQ(client.hear(), 2);
      client.kill();  // what it has had stays taken
      EXPECT_EQ(queue.size(), 0U);
    }
  }
  EXPECT_TRUE(come_to(manager, 2));
  EXPECT_EQ(queue.size(), 0U);
}

TEST_P(TcpEnds, what_a_program_took_before_it_ended_stays_taken) {
  const auto client = remote(
      [](const Manager& far, Connection&) { static_cast<void>(shared_by(far).queue.get()); });
  const Manager manager(listening());
  const auto queue = manager.queue<int>();
  manager.make<Shared>().call<&Shared::set>(Shared::Things{manager.lock(), queue});
  queue.put(1);
  client->connect(manager.address());
  EXPECT_EQ(client->end(), "");
  EXPECT_TRUE(come_to(manager, 2));
  EXPECT_EQ(queue.size(), 0U);
}

TEST_P(TcpEnds, a_server_that_is_killed_is_an_error_and_no_hang) {
  const auto client = remote([](const Manager& far, Connection& tell) {
    const auto queue = far.queue<int>();
    auto waiting = std::async(std::launch::async, [&] { return queue.get(); });
    tell.send(1);
    caught<SystemError>([&] { waiting.get(); });
    caught<SystemError>([&] { queue.put(1); });
    caught<SystemError>([&] { far.list<int>(); });
  });
  const Manager manager(listening());
  client->connect(manager.address());
  EXPECT_EQ(client->hear(), 1);
  ::kill(manager.pid(), SIGKILL);
  EXPECT_EQ(client->end(), "");
}

TEST_P(TcpEnds, a_server_that_is_shut_down_is_an_error_too) {
  const auto client = remote([](const Manager& far, Connection& tell) {
    const auto queue = far.queue<int>();
    tell.send(1);
    caught<SystemError>([&] { static_cast<void>(queue.get()); });
  });
  Manager manager(listening());
  client->connect(manager.address());
  EXPECT_EQ(client->hear(), 1);
  const Watched server(manager.pid());
  manager.shutdown();
  EXPECT_TRUE(server.ends_within(0ms));
  EXPECT_EQ(client->end(), "");
}

}  // namespace
}  // namespace brood::testing::tcp_ends_test

#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <array>

#include <atomic>
#include <random>

#include "manager/hostile_fixture.hpp"
#include "manager/operation_codec.hpp"
#include "platform/pipe.hpp"
#include "support/in_child.hpp"

namespace brood::testing::hostile_client_test {
namespace {

/// What a request names.
template <auto Function>
constexpr detail::ServedStub stub_of = &manager::Operation<Function>::serve;

class HostileLease : public HostileClient {};
class HostileChannel : public HostileClient {};
class FewConnections : public ManagerTest {};
BROOD_FOR_EVERY_METHOD(HostileLease);
BROOD_FOR_EVERY_METHOD(HostileChannel);
BROOD_FOR_EVERY_METHOD(FewConnections);

TEST_P(HostileLease, empty_messages_drop_nothing) {
  const detail::DescriptorRef lease = lease_of(numbers);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(say_nothing(lease->get()));
  EXPECT_EQ(manager->objects(), 1U);
  expect_unharmed();
  numbers = {};
  EXPECT_TRUE(comes_to(1, [&] { return manager->objects(); }));
  EXPECT_EQ(manager->objects(), 1U) << "it is held here";
}

TEST_P(HostileLease, empty_messages_leave_no_descriptor_in_the_server) {
  const detail::DescriptorRef lease = lease_of(numbers);
  expect_unharmed();
  const std::size_t before = descriptors_of_server();
  const std::vector<int> sent(16, 0);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(say_nothing(lease->get(), sent));
  expect_unharmed();  // what comes over the same lease later is served later
  EXPECT_TRUE(comes_to(before, [&] { return descriptors_of_server(); }));
}

TEST_P(HostileLease, the_last_proxy_s_end_is_seen_behind_empty_messages) {
  auto other = manager->list<int>();
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(say_nothing(lease_of(other)->get()));
  other = {};
  EXPECT_TRUE(comes_to(1, [&] { return manager->objects(); }));
}

TEST_P(HostileLease, garbage_of_every_size_does_nothing) {
  const detail::DescriptorRef lease = lease_of(numbers);
  const std::size_t before = descriptors_of_server();
  std::minstd_rand random(1);
  for (const std::size_t size :
       std::array<std::size_t, 10>{1, 8, 15, 16, 17, 100, 4096, 65536, 65537, 100000}) {
    std::string garbage(size, '\0');
    for (char& c : garbage) c = static_cast<char>(random());
    const std::vector<int> some(size % 3, 1);
    ASSERT_TRUE(send_raw(lease->get(), garbage.data(), garbage.size(), some, 0));
  }
  expect_unharmed();
  EXPECT_TRUE(comes_to(before + 4, [&] { return descriptors_of_server(); }));
}

/// What passes for a connection and is none.
std::vector<platform::Descriptor> no_connections() {
  std::vector<platform::Descriptor> all;
  platform::Pipe pipe = platform::make_pipe();
  all.push_back(std::move(pipe.read));
  all.push_back(std::move(pipe.write));
  all.emplace_back(::open("/dev/zero", O_RDWR | O_CLOEXEC));
  all.emplace_back(::open("/dev/null", O_RDWR | O_CLOEXEC));
  all.emplace_back(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  all.emplace_back(::eventfd(1, EFD_CLOEXEC));
  for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET})
    all.emplace_back(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    int ends[2];
    if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0) continue;
    all.emplace_back(ends[0]);
    all.emplace_back(ends[1]);
  }
  all.emplace_back(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const sockaddr_un anywhere{AF_UNIX, {}};
  all.emplace_back(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  ::bind(all.back().get(), reinterpret_cast<const sockaddr*>(&anywhere), sizeof(sa_family_t));
  ::listen(all.back().get(), 4);
  return all;
}

TEST_P(HostileLease, what_is_no_connection_takes_no_thread) {
  const detail::DescriptorRef lease = lease_of(numbers);
  expect_unharmed();
  const std::size_t threads = threads_of_server();
  const std::size_t descriptors = descriptors_of_server();
  const std::vector<platform::Descriptor> all = no_connections();
  for (const platform::Descriptor& one : all)
    ASSERT_TRUE(ask_to_connect(lease->get(), one.get(), 5));
  ASSERT_TRUE(ask_to_connect(lease->get(), lease->get(), 5)) << "the lease itself";
  EXPECT_TRUE(comes_to(descriptors + 1, [&] { return descriptors_of_server(); }));
  EXPECT_TRUE(comes_to(threads + 1, [&] { return threads_of_server(); }));
  expect_unharmed();
}

TEST_P(HostileLease, a_flood_of_connects_delays_nobody) {
  const detail::DescriptorRef lease = lease_of(numbers);
  Child flood([&] {
    for (;;) RawChannel(lease->get(), 9);
  });
  Child empty([&] {
    while (say_nothing(lease->get())) {
    }
  });
  for (int i = 0; i < 20; ++i) expect_unharmed();
}

TEST_P(FewConnections, a_client_that_keeps_its_connections_leaves_some_for_others) {
  const std::string method_here = method();
  EXPECT_EQ(in_child([&] {
              const rlimit few{256, 256};
              if (::setrlimit(RLIMIT_NOFILE, &few) != 0) return 1;
              const Manager small({.start_method = method_here});
              const auto list = small.list<int>();
              const detail::DescriptorRef lease = lease_of(list);
              auto [told, tell] = pipe();
              Child greedy([&, t = tell]() mutable {
                std::vector<RawChannel> kept;
                while (kept.size() < 200) kept.emplace_back(lease->get(), 9);
                t.send(1);
                stay();
              });
              static_cast<void>(told.recv<int>());
              // Another thread has no connection yet: it needs a new one.
              std::atomic<bool> served{false};
              std::jthread([&] {
                list.push_back(1);
                served = list.size() == 1;
              }).join();
              greedy.kill();
              start::drop_forkserver();
              return served ? 0 : 2;
            }),
            0);
}

TEST_P(HostileChannel, an_empty_message_ends_its_connection_and_no_other) {
  const detail::DescriptorRef lease = lease_of(numbers);
  const RawChannel channel(lease->get());
  ASSERT_TRUE(say_nothing(channel.socket.get()));
  EXPECT_EQ(channel.answer(), "end");
  expect_unharmed();
}

TEST_P(HostileChannel, a_process_without_a_number_is_none) {
  const RawChannel channel(lease_of(numbers)->get(), 0);
  EXPECT_EQ(channel.answer(), "end");
  expect_unharmed();
}

TEST_P(HostileChannel, garbage_ends_that_connection_only) {
  const detail::DescriptorRef lease = lease_of(numbers);
  std::minstd_rand random(2);
  for (const std::size_t size : std::array<std::size_t, 8>{0, 1, 23, 24, 25, 200, 65536, 100000}) {
    const RawChannel channel(lease->get());
    std::string garbage(size, '\0');
    for (char& c : garbage) c = static_cast<char>(random());
    ASSERT_TRUE(send_raw(channel.socket.get(), garbage.data(), garbage.size(), {}, 0));
    if (size == 0) continue;
    EXPECT_EQ(channel.answer(), "end") << size;
  }
  expect_unharmed();
}

TEST_P(HostileChannel, requests_that_make_no_sense_get_an_error) {
  const detail::DescriptorRef lease = lease_of(numbers);
  const RawChannel channel(lease->get());
  // Objects that are none, or of another type.
  for (const std::uint64_t object : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{99},
                                     ~std::uint64_t{0}, ~std::uint64_t{0} - 1})
    EXPECT_EQ(channel.ask(request_of(object, 1, stub_of<&manager::QueueOperations::size>)), "error")
        << object;
  EXPECT_EQ(channel.ask(request_of(object_of(ref_of(numbers)), 1,
                                   stub_of<&manager::LockOperations::release>)),
            "error");
  // Not whole, at every place.
  const std::uint64_t list = object_of(ref_of(numbers));
  const detail::Bytes whole =
      request_of(list, ~std::uint64_t{0}, stub_of<&manager::QueueOperations::get>);
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(channel.ask(detail::Bytes(whole.view().first(size))), "error") << size;
  // Code that is none: another build, an offset in no code.
  for (std::size_t place = sizeof(manager::RequestHeader); place < whole.size(); ++place) {
    detail::Bytes other(whole.view());
    other.data()[place] ^= std::byte{0x80};
    if (place >= 32 && place < 37) continue;  // an offset nearby, which is code
    EXPECT_EQ(channel.ask(other), "error") << place;
  }
  expect_unharmed();
}

TEST_P(HostileChannel, arguments_that_make_no_sense_get_an_error) {
  const auto barrier = manager->barrier(2);
  const auto semaphore = manager->semaphore(1);
  const RawChannel channel(lease_of(numbers)->get());
  std::minstd_rand random(3);
  const auto try_all = [&](std::uint64_t object, detail::ServedStub stub) {
    for (std::size_t size = 0; size < 40; ++size) {
      detail::Bytes request = request_of(object, 1, stub);
      for (std::size_t i = 0; i < size; ++i) {
        const auto byte = static_cast<std::byte>(random());
        request.append(&byte, 1);
      }
      const std::string answer = channel.ask(request);
      ASSERT_TRUE(answer == "" || answer == "error") << answer << ' ' << size;
    }
  };
  try_all(1, stub_of<&manager::RootOperations::make_queue>);
  try_all(1, stub_of<&manager::RootOperations::make_barrier>);
  try_all(1, stub_of<&manager::RootOperations::make_condition>);
  try_all(1, stub_of<&manager::RootOperations::make_semaphore>);
  try_all(1, &detail::run_make<detail::ServedValue<std::string>, std::string>);
  try_all(object_of(ref_of(barrier)), stub_of<&manager::BarrierOperations::parties>);
  try_all(object_of(ref_of(semaphore)), stub_of<&manager::SemaphoreOperations::release>);
  expect_unharmed();
}

TEST_P(HostileChannel, a_client_that_never_reads_delays_nobody) {
  const auto texts = manager->list<std::string>();
  texts.push_back(std::string(50'000, 'x'));
  const RawChannel channel(lease_of(texts)->get());
  detail::Bytes request = request_of(object_of(ref_of(texts)), 1,
                                     &detail::run_method<detail::ServedList<std::string>,
                                                         &detail::ServedList<std::string>::items>);
  // Answers fill the socket, then requests do.
  platform::SendState state = platform::SendState::sent;
  const int flags = ::fcntl(channel.socket.get(), F_GETFL);
  ::fcntl(channel.socket.get(), F_SETFL, flags | O_NONBLOCK);
  while (state == platform::SendState::sent) {
    try {
      if (!channel.send(request)) state = platform::SendState::gone;
    } catch (const SystemError& error) {
      ASSERT_EQ(error.code().value(), EAGAIN);
      state = platform::SendState::would_block;
    }
  }
  EXPECT_EQ(state, platform::SendState::would_block);
  expect_unharmed();
  EXPECT_EQ(texts.size(), 1U);
}

TEST_P(HostileChannel, a_stopped_client_delays_nobody) {
  auto [told, tell] = pipe();
  Child stopped([&, t = tell]() mutable {
    numbers.push_back(8);
    t.send(1);
    for (;;) numbers.at(0);
  });
  static_cast<void>(told.recv<int>());
  stopped.signal(SIGSTOP);
  for (int i = 0; i < 10; ++i) expect_unharmed();
  EXPECT_EQ(numbers.size(), 2U);
}

TEST_P(HostileChannel, an_end_made_non_blocking_is_waited_for_as_any_other) {
  expect_unharmed();
  const std::size_t threads = threads_of_server();
  {
    const RawChannel channel(lease_of(numbers)->get(), 5, O_NONBLOCK);
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(channel.ask(request_of(1, 1, stub_of<&manager::RootOperations::count_objects>)),
                "");
  }
  EXPECT_TRUE(comes_to(threads, [&] { return threads_of_server(); }));
  expect_unharmed();
}

// A process that has one proxy can guess the names of others.
TEST_P(HostileChannel, a_descriptor_that_passes_for_another_proxy_is_refused) {
  const auto shelf = manager->list<ManagedList<int>>();
  const detail::DescriptorRef genuine = lease_of(numbers);
  const platform::SocketPair forged = platform::make_socket_pair();
  EXPECT_EQ(Child([&] {
              const platform::Descriptor lease = platform::duplicate(lease_of(shelf)->get());
              detail::abandon_descriptors();  // the genuine one's copy here
              detail::Bytes request =
                  request_of(1, 1, stub_of<&manager::RootOperations::count_objects>);
              request.attach(detail::receive_descriptor(platform::duplicate(forged.theirs.get()),
                                                        detail::SharedDescriptor::Kind::lease,
                                                        genuine->token()));
              return RawChannel(lease.get()).ask(request) == "error" ? 0 : 1;
            }).wait(),
            0);
  shelf.push_back(numbers);
  EXPECT_EQ(shelf.at(0).at(0), 7);
  expect_unharmed();
}

}  // namespace
}  // namespace brood::testing::hostile_client_test

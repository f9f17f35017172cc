#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

#include <brood/connection.hpp>
#include "manager/hostile_fixture.hpp"
#include "manager/operation_codec.hpp"
#include "manager/tcp_fixture.hpp"
#include "shared/children.hpp"

// What a server keeps of values that clients have got.
namespace brood::testing::taken_test {
namespace {

class Taken : public TcpTest {
 protected:
  /// Whether a connection in a value ends with the getter's handle, which does nothing else then.
  static bool ends_with_its_getter(const Manager& manager) {
    const auto queue = manager.queue<Connection>();
    auto [here, there] = pipe();
    queue.put(there);
    there.close();
    Child getter([&] {
      queue.get()->close();
      stay();
    });
    const bool ended = here.poll(patience) && !here.recv<int>();
    getter.kill();
    return ended;
  }
};
BROOD_FOR_EVERY_METHOD(Taken);

TEST_P(Taken, values_are_their_getter_s_alone_without_another_call_of_it) {
  const Manager manager(manager_options());
  EXPECT_TRUE(ends_with_its_getter(manager));
}

TEST_P(Taken, values_are_their_remote_getter_s_alone_without_another_call_of_it) {
  const auto client = remote([](const Manager& far, Connection& tell) {
    auto queue = far.queue<ManagedList<int>>();
    queue.put(far.list<int>());
    if (!queue.get()) throw std::runtime_error("nothing came");
    tell.send(1);
    static_cast<void>(tell.recv<int>());
  });
  const Manager manager(listening());
  client->connect(manager.address());
  EXPECT_EQ(client->hear(), 1);
  EXPECT_TRUE(come_to(manager, 1));
  client->talk().send(1);
  EXPECT_EQ(client->end(), "");
}

// The server looks after answers again and again meanwhile.
TEST_P(Taken, values_in_an_answer_that_is_not_read_are_given_back_however_late) {
  const Manager manager(manager_options());
  const auto queue = manager.queue<int>();
  auto getter = std::make_unique<RawChannel>(lease_of(queue)->get());
  const detail::Bytes request =
      manager::Operation<&manager::QueueOperations::get>::begin(queue, manager::Patience::for_ever);
  ASSERT_TRUE(getter->send(request));
  queue.put(7);
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!queue.empty() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  for (int look = 0; look < 5; ++look) EXPECT_TRUE(ends_with_its_getter(manager));
  EXPECT_TRUE(queue.empty());
  getter.reset();
  EXPECT_EQ(queue.get_for(patience).value_or(0), 7);
}

}  // namespace
}  // namespace brood::testing::taken_test

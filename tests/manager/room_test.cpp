#include <sys/resource.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <brood/event.hpp>
#include "manager/tcp_fixture.hpp"
#include "shared/children.hpp"
#include "support/few_descriptors.hpp"

// Answers with handles, and clients that have no room for these.
namespace brood::testing::room_test {
namespace {

class ManagerNoRoom : public TcpTest {
 protected:
  void SetUp() override {
    TcpTest::SetUp();
    if (under_address_sanitizer) GTEST_SKIP() << "UBSan looks at an error by way of a descriptor";
  }
};
BROOD_FOR_EVERY_METHOD(ManagerNoRoom);

void demand(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}
#define DEMAND(condition) demand(condition, #condition)

using Value = std::pair<std::string, std::vector<Event>>;

TEST_P(ManagerNoRoom, for_its_handles_leaves_a_value_in_the_queue) {
  const Manager manager(manager_options());
  const auto queue = manager.queue<Value>();
  const auto lock = manager.lock();
  lock.acquire();
  for (const std::size_t length : {10U, 100'000U}) {
    for (const std::size_t handles : {1U, 12U, 40U}) {
      Child producer([&] { queue.put({std::string(length, 'x'), std::vector<Event>(handles)}); });
      ASSERT_EQ(producer.wait(), 0);
      for (const int more : {0, 1, 11}) {
        if (static_cast<std::size_t>(more) >= handles) continue;
        const FewDescriptors few(more);
        EXPECT_EQ(caught<SystemError>([&] { queue.get(); }).code().value(), EMFILE);
        EXPECT_EQ(queue.size(), 1U);
      }
      const Value got = queue.get().value();
      EXPECT_EQ(got.first.size(), length);
      ASSERT_EQ(got.second.size(), handles);
      got.second.back().set();
      EXPECT_TRUE(queue.empty());
    }
  }
  Child other([&] { return lock.try_acquire() ? 1 : 0; });
  EXPECT_EQ(other.wait(), 0) << "the server took the process for one that has ended";
  lock.release();
}

TEST_P(ManagerNoRoom, leaves_it_for_another_process_that_waits) {
  const Manager manager(manager_options());
  const auto queue = manager.queue<std::vector<Event>>();
  Child producer([&] { queue.put(std::vector<Event>(40)); });
  ASSERT_EQ(producer.wait(), 0);
  {
    const FewDescriptors none(0);
    EXPECT_EQ(caught<SystemError>([&] { queue.get(); }).code().value(), EMFILE);
  }
  Child other([&] { return queue.get()->size() == 40 ? 0 : 1; });
  EXPECT_EQ(other.wait(), 0);
}

std::vector<ManagedList<int>> some(const Manager& manager, int count) {
  std::vector<ManagedList<int>> lists;
  for (int i = 0; i < count; ++i) lists.push_back(manager.list<int>());
  return lists;
}

void use_with_limits_of(int process, const Manager& far) {
  const auto queue = far.queue<std::vector<ManagedList<int>>>();
  queue.put(some(far, 40));
  rlimit before{};
  ::prlimit(process, RLIMIT_NOFILE, nullptr, &before);
  const rlimit few{20, before.rlim_max};
  ::prlimit(process, RLIMIT_NOFILE, &few, nullptr);
  int error = 0;
  try {
    static_cast<void>(queue.get());
  } catch (const SystemError& refused) {
    error = refused.code().value();
  }
  ::prlimit(process, RLIMIT_NOFILE, &before, nullptr);
  DEMAND(error == EMFILE);
  DEMAND(queue.size() == 1);
  const auto got = queue.get().value();
  DEMAND(got.size() == 40 && got.back().size() == 0);
}

bool comes_to_nothing(const Manager& far) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (far.objects() != 0 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  return far.objects() == 0;
}

TEST_P(ManagerNoRoom, of_a_remote_program_or_its_gateway_leaves_it_too) {
  const auto client = remote([](const Manager& far, Connection&) {
    far.value(1);
    use_with_limits_of(0, far);
    use_with_limits_of(far.pid(), far);
    DEMAND(comes_to_nothing(far));
  });
  const Manager manager(listening());
  client->connect(manager.address());
  EXPECT_EQ(client->end(), "");
  EXPECT_TRUE(come_to(manager, 0));
}

}  // namespace
}  // namespace brood::testing::room_test

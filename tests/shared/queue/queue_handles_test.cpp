#include <csignal>
#include <utility>
#include <vector>

#include <brood/event.hpp>
#include <brood/queue.hpp>
#include "pool/pool_fixture.hpp"
#include "shared/children.hpp"
#include "support/faults.hpp"
#include "support/few_descriptors.hpp"

// Values with handles of shared objects, and readers that have no room for these or are killed.
namespace brood::testing::queue_handles_test {
namespace {

using QueueHandles = PoolCheck;

TEST_F(QueueHandles, of_a_value_that_find_no_room_leave_it_in_the_queue) {
  if (under_address_sanitizer) GTEST_SKIP() << "UBSan looks at an error by way of a descriptor";
  Queue<std::pair<int, std::vector<Event>>> queue;
  Child child([&] {
    queue.put({0, {}});
    for (int i = 1; i <= 2; ++i) queue.put({i, std::vector<Event>(3)});
  });
  ASSERT_EQ(child.wait(), 0);
  {
    const FewDescriptors none(0);
    EXPECT_EQ(queue.get()->first, 0);
    for (int i = 0; i < 2; ++i)
      EXPECT_EQ(caught<SystemError>([&] { queue.get(); }).code().value(), EMFILE);
    EXPECT_EQ(queue.size(), 2U);
  }
  for (int i = 1; i <= 2; ++i) {
    const auto value = *queue.get();
    EXPECT_EQ(value.first, i);
    ASSERT_EQ(value.second.size(), 3U);
    value.second.back().set();
  }
  EXPECT_TRUE(queue.empty());
}

TEST_F(QueueHandles, of_which_only_some_find_room_leave_the_value_in_the_queue) {
  if (under_address_sanitizer) GTEST_SKIP() << "UBSan looks at an error by way of a descriptor";
  Queue<std::vector<Event>> queue;
  Child child([&] { queue.put(std::vector<Event>(40)); });
  ASSERT_EQ(child.wait(), 0);
  for (const int more : {1, 2, 10, 30}) {
    const FewDescriptors few(more);
    EXPECT_EQ(caught<SystemError>([&] { queue.get(); }).code().value(), EMFILE);
    EXPECT_EQ(queue.size(), 1U);
  }
  const auto value = *queue.get();
  ASSERT_EQ(value.size(), 40U);
  value.back().set();
}

struct KillingReceive {
  static ssize_t call(int socket, msghdr* message, int flags) {
    if (faults::is_due()) ::raise(SIGKILL);
    return faults::working.recvmsg(socket, message, flags);
  }
  static void install() { platform::system_calls().recvmsg = call; }
};

TEST_F(QueueHandles, are_there_for_the_next_reader_when_one_is_killed_between_them) {
  const Fault killed{"recvmsg", KillingReceive::install, 0};
  Queue<std::vector<Event>> queue;
  bool was_killed = true;
  for (int nth = 1; was_killed; ++nth) {
    ASSERT_LT(nth, 50);
    queue.put(std::vector<Event>(40));
    Child reader([&] {
      const Injection injection(killed, nth);
      return queue.get()->size() == 40 ? 0 : 1;
    });
    const int end = reader.wait();
    was_killed = end == -SIGKILL;
    EXPECT_TRUE(was_killed || end == 0) << end;
    EXPECT_TRUE(was_killed || nth > 2) << "no receive was met";
    while (const auto left = queue.try_get()) EXPECT_EQ(left->size(), 40U) << nth;
  }
}

}  // namespace
}  // namespace brood::testing::queue_handles_test

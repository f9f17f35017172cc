#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <utility>
#include <vector>

#include <brood/errors.hpp>
#include <brood/event.hpp>
#include <brood/queue.hpp>
#include "pool/pool_fixture.hpp"
#include "shared/children.hpp"
#include "support/faults.hpp"
#include "support/few_descriptors.hpp"
#include "support/raw_message.hpp"
#include "transfer/shared_descriptor.hpp"

// More values with handles than one socket has room for, some 270.
namespace brood::testing::many_handles_test {
namespace {

using ManyHandlesInAQueue = PoolCheck;
using Value = std::pair<int, std::vector<Event>>;

Value value_of(int number) {
  constexpr int counts[] = {1, 0, 3, 1, 12, 1, 14};
  return {number, std::vector<Event>(static_cast<std::size_t>(counts[number % 7]))};
}
bool is_whole(const Value& value, int number) {
  if (value.first != number || value.second.size() != value_of(number).second.size()) return false;
  for (const Event& event : value.second) event.set();
  return true;
}

TEST_F(ManyHandlesInAQueue, wait_as_many_as_there_are_and_come_in_their_order) {
  constexpr int count = 1200;
  const Queue<Value> queue;
  for (int round = 0; round < 2; ++round) {
    Child producer([&] {
      for (int i = 0; i < count; ++i) {
        if (!queue.put_for(value_of(i), 20s)) return 1;
      }
      return 0;
    });
    ASSERT_EQ(producer.wait(), 0);
    EXPECT_EQ(queue.size(), static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) ASSERT_TRUE(is_whole(*queue.get(), i)) << i;
    EXPECT_TRUE(queue.empty());
  }
}

TEST_F(ManyHandlesInAQueue, come_and_go_while_many_wait) {
  constexpr int waiting = 600, count = 1200;
  const Queue<Value> queue;
  for (int i = 0; i < waiting; ++i) queue.put(value_of(i));
  for (int i = waiting; i < count; ++i) {
    ASSERT_TRUE(is_whole(*queue.get(), i - waiting)) << i;
    queue.put(value_of(i));
  }
  for (int i = count - waiting; i < count; ++i) ASSERT_TRUE(is_whole(*queue.get(), i)) << i;
  EXPECT_TRUE(queue.empty());
}

TEST_F(ManyHandlesInAQueue, are_each_got_once_by_many_consumers_of_many_producers) {
  constexpr int each = 400, producing = 2;
  const Queue<Value> queue;
  std::vector<Child> producers = children(producing, [&](int) {
    for (int i = 0; i < each; ++i) queue.put(value_of(i));
    return 0;
  });
  expect_success(producers);
  const Queue<int> got;
  std::vector<Child> consumers = children(2, [&](int) {
    for (int i = 0; i < each * producing / 2; ++i) {
      const Value value = *queue.get();
      if (!is_whole(value, value.first)) return 1;
      got.put(value.first);
    }
    return 0;
  });
  std::vector<int> times(each, 0);
  for (int i = 0; i < each * producing; ++i) ++times[static_cast<std::size_t>(*got.get())];
  expect_success(consumers);
  EXPECT_EQ(times, std::vector<int>(each, producing));
}

template <auto SystemCall>
struct Killing;
template <class Result, class... Args, Result (*platform::SystemCalls::*Call)(Args...)>
struct Killing<Call> {
  static Result call(Args... arguments) {
    if (faults::is_due()) ::raise(SIGKILL);
    return (faults::working.*Call)(arguments...);
  }
  static void install() { platform::system_calls().*Call = call; }
};

/// Calls `use` in processes that are killed in the first use of the call, the second and so on: how
/// many there were.
template <class Use>
std::size_t kill_in_each(const Fault& fault, Use use) {
  std::size_t nth = 0;
  for (bool was_killed = true; was_killed && nth < 50;) {
    ++nth;
    Child child([&] {
      const Injection injection(fault, static_cast<int>(nth));
      use();
      return 0;
    });
    const int end = child.wait();
    was_killed = end == -SIGKILL;
    EXPECT_TRUE(was_killed || end == 0) << end;
  }
  EXPECT_GT(nth, 1U) << "no use of " << fault.name << " was met";
  return nth;
}

// In the moment in which another socket is needed, and before and behind it.
TEST_F(ManyHandlesInAQueue, are_whole_for_the_others_when_a_process_is_killed) {
  const Fault sending{"sendmsg", Killing<&platform::SystemCalls::sendmsg>::install, 0};
  const Fault receiving{"recvmsg", Killing<&platform::SystemCalls::recvmsg>::install, 0};
  const Queue<Value> queue;
  const auto value_with = [](int handles) {
    return Value{handles, std::vector<Event>(static_cast<std::size_t>(handles))};
  };
  for (const std::size_t waiting : {200U, 275U, 276U, 277U, 278U, 600U}) {
    for (std::size_t i = 0; i < waiting; ++i) queue.put(value_with(1));
    kill_in_each(sending, [&] { queue.put(value_with(3)); });
    if (waiting == 600) kill_in_each(receiving, [&] { queue.put(value_with(3)); });
    kill_in_each(sending, [&] { queue.put(value_with(40)); });
    const std::size_t taken = kill_in_each(receiving, [&] { queue.get(); });
    EXPECT_GE(queue.size(), waiting - taken);
    for (std::size_t i = 0; i < waiting; ++i) {
      const Value value = *queue.get();
      EXPECT_EQ(value.second.size(), static_cast<std::size_t>(value.first));
      queue.put(value_with(2));
    }
    while (const auto value = queue.try_get())
      EXPECT_EQ(value->second.size(), static_cast<std::size_t>(value->first));
  }
}

TEST_F(ManyHandlesInAQueue, behind_what_is_no_socket_of_a_queue_are_a_broken_object) {
  const Queue<Event> queue;
  const Event event;
  for (int i = 0; i < 300; ++i) queue.put(event);
  detail::Bytes bytes;
  detail::encode_value(bytes, queue);
  const int receiver = bytes.attached().back()->get();
  const std::uint64_t nonsense = 7;
  ASSERT_TRUE(send_raw(receiver, &nonsense, sizeof nonsense));
  EXPECT_THROW(queue.put(event), BrokenObject);
  EXPECT_THROW(queue.get(), BrokenObject);
}

TEST_F(ManyHandlesInAQueue, say_so_when_their_producer_has_no_room_for_another_socket) {
  if (under_address_sanitizer) GTEST_SKIP() << "UBSan looks at an error by way of a descriptor";
  const Queue<Event> queue;
  const Event event;
  {
    const FewDescriptors none(0);
    const auto fill = [&] {
      while (queue.size() < 1000) queue.put(event);
    };
    EXPECT_EQ(caught<SystemError>(fill).code().value(), EMFILE);
  }
  const std::size_t before = queue.size();
  queue.put(event);
  EXPECT_EQ(queue.size(), before + 1);
}

// unix(7), ETOOMANYREFS: root may have more.
TEST_F(ManyHandlesInAQueue, are_bounded_by_what_their_user_may_have_on_the_way) {
  if (under_sanitizer) GTEST_SKIP() << "a sanitizer's runtime cannot change its user";
  Child user([] {
    const Queue<Event> queue;
    if (::getuid() == 0 && ::setuid(65531) != 0) return 1;
    const rlimit limit{600, 600};
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return 2;
    int count = 0;
    while (count < 2000 && queue.put_for(Event(), 1ms)) ++count;
    if (count < 500 || count > 610) return 3;
    if (queue.try_put(Event())) return 4;
    queue.get();
    queue.put(Event());
    while (const auto event = queue.try_get()) event->set();
    return 0;
  });
  EXPECT_EQ(user.wait(), 0);
}

}  // namespace
}  // namespace brood::testing::many_handles_test

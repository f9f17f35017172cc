// What a sharer overwrites is one error for all users of the object: BrokenObject.
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include <brood/brood.hpp>
#include "shared/children.hpp"
#include "shared/object.hpp"
#include "shared/queue_state.hpp"
#include "support/sanitizers.hpp"
#include "support/shared_bytes.hpp"
#include "transfer/shared_descriptor.hpp"

namespace brood::testing::broken_test {
namespace {

using namespace std::chrono_literals;

using Broken = LeakCheck;

/// Overwrites what comes after the header.
template <class Handle>
void fill_state(const Handle& handle, std::size_t from, std::size_t size, int value) {
  std::memset(memory_behind(handle).data() + shared::state_offset + from, value, size);
}
template <class Handle>
void destroy_header(const Handle& handle) {
  std::memset(memory_behind(handle).data(), 0x55, shared::state_offset);
}

TEST_F(Broken, a_lock_is_for_its_users_in_every_process) {
  const Lock lock;
  fill_state(lock, 0, 8, 0x11);
  EXPECT_THROW(lock.acquire(), BrokenObject);
  fill_state(lock, 0, 8, 0);  // too late
  EXPECT_THROW(lock.try_acquire(), BrokenObject);
  EXPECT_EQ(Child([&] {
              try {
                lock.acquire();
              } catch (const BrokenObject&) {
                return 0;
              }
              return 1;
            }).wait(),
            0);
}

TEST_F(Broken, a_lock_that_is_held_tells_its_holder) {
  const Lock lock;
  lock.acquire();
  fill_state(lock, 0, 8, 0x11);
  EXPECT_THROW(lock.release(), BrokenObject);
  EXPECT_THROW(lock.acquire(), BrokenObject);
}

TEST_F(Broken, a_guard_is_left_quietly) {
  const Lock lock;
  {
    const std::lock_guard held(lock);
    fill_state(lock, 0, 8, 0x11);
  }
  EXPECT_THROW(lock.acquire(), BrokenObject);
  const Value<long> value(1);
  value.update([&](long& x) {
    fill_state(value, 0, 8, 0x11);
    ++x;
  });
  EXPECT_THROW(value.get(), BrokenObject);
}

TEST_F(Broken, a_lock_ends_the_waits_for_it) {
  if (under_thread_sanitizer) GTEST_SKIP() << "the overwriting is a race, on purpose";
  const Lock lock;
  lock.acquire();
  std::thread waiter([&] { EXPECT_THROW(lock.acquire(), BrokenObject); });
  fill_state(lock, 0, 4, 0x11);
  waiter.join();
  EXPECT_THROW(lock.release(), BrokenObject);
}

TEST_F(Broken, a_depth_is_not_read_from_the_memory) {
  const RLock lock;
  lock.acquire();
  lock.acquire();
  fill_state(lock, 8, sizeof(platform::RobustMutex) - 8, 0x11);
  lock.release();
  lock.release();
  EXPECT_FALSE(lock.locked());
}

TEST_F(Broken, every_object_is_whose_header_is_overwritten) {
  const Semaphore semaphore(1);
  destroy_header(semaphore);
  EXPECT_THROW(semaphore.acquire(), BrokenObject);
  const BoundedSemaphore bounded(1);
  destroy_header(bounded);
  EXPECT_THROW(bounded.acquire(), BrokenObject);
  const Condition condition;
  destroy_header(condition);
  EXPECT_THROW(condition.wait_for(1ms), BrokenObject);
  const Barrier barrier(1);
  destroy_header(barrier);
  EXPECT_THROW(barrier.wait(), BrokenObject);
  const Queue<int> queue;
  destroy_header(queue);
  EXPECT_THROW(queue.put(1), BrokenObject);
  const Array<int> array(3);
  destroy_header(array);
  EXPECT_THROW(array.lock(), BrokenObject);
  EXPECT_EQ(array[2], 0);
}

TEST_F(Broken, a_semaphore_is_with_more_permits_than_there_can_be) {
  const Semaphore semaphore(1);
  fill_state(semaphore, 0, 4, 0xff);
  EXPECT_THROW(semaphore.try_acquire(), BrokenObject);
  EXPECT_THROW(semaphore.release(), BrokenObject);
}

TEST_F(Broken, a_barrier_is_with_nonsense_in_its_counts) {
  const Barrier barrier(3);
  fill_state(barrier, sizeof(platform::RobustMutex), 8, 0x77);  // parties, arrived
  EXPECT_THROW(barrier.wait_for(1ms), BrokenObject);
  EXPECT_THROW(barrier.reset(), BrokenObject);
}

TEST_F(Broken, a_bounded_semaphore_is_with_nonsense_in_its_counts) {
  const BoundedSemaphore semaphore(3);
  fill_state(semaphore, sizeof(platform::RobustMutex), 24, 0x77);
  EXPECT_THROW(semaphore.acquire(), BrokenObject);
  EXPECT_THROW(semaphore.release(), BrokenObject);
}

TEST_F(Broken, a_queue_is_with_nonsense_in_its_books) {
  const Queue<int> queue(5);
  queue.put(1);
  fill_state(queue, sizeof(platform::RobustMutex) + 8, 128, 0x77);
  EXPECT_THROW(queue.try_get(), BrokenObject);
  EXPECT_THROW(queue.size(), BrokenObject);
  EXPECT_THROW(received(queue).try_put(1), BrokenObject);
}

// Else a peer that goes on sending them keeps the others beyond their time.
TEST_F(Broken, a_queue_is_with_too_many_messages_that_belong_to_no_value) {
  Queue<Event> queue;
  queue.put(Event());
  detail::Bytes handle;
  detail::encode_value(handle, queue);
  const int sender = handle.attached()[1]->get(), receiver = handle.attached()[2]->get();
  std::array<std::uint64_t, 2> none{};  // of group 0, without descriptors
  ASSERT_GT(::recv(receiver, none.data(), sizeof none, MSG_DONTWAIT), 0);
  const int most = 1 << 20;
  ::setsockopt(sender, SOL_SOCKET, SO_SNDBUF, &most, sizeof most);
  none = {};
  int sent = 0;
  while (::send(sender, none.data(), sizeof none, MSG_DONTWAIT) > 0) ++sent;
  if (sent < 520) GTEST_SKIP() << "the system lets a socket hold no more than " << sent;
  EXPECT_THROW(queue.get_for(30s), BrokenObject);
}

TEST_F(Broken, a_queue_is_whose_oldest_value_is_a_hole) {
  const Queue<std::string> queue;
  queue.put("a");
  constexpr std::uint64_t claimed = std::uint64_t{1} << 40;
  ASSERT_EQ(::ftruncate(file_behind(queue), claimed * 2), 0);
  std::byte* const state = memory_behind(queue).data() + shared::state_offset;
  auto& shared_state = *reinterpret_cast<shared::QueueState*>(state);
  shared_state.guard.assume_held();  // as a hostile peer, which does not take it
  shared::QueueState::Ledger ledger = shared_state.ledger();
  ledger.positions.tail += claimed;
  shared_state.publish(ledger);
  std::memcpy(state + sizeof(shared::QueueState), &claimed, sizeof claimed);  // the record's size
  EXPECT_THROW(queue.try_get(), BrokenObject);
}

TEST_F(Broken, a_queue_ends_the_waits_for_it) {
  if (under_thread_sanitizer) GTEST_SKIP() << "it is overwritten while it is read, on purpose";
  const Queue<int> queue;
  std::thread waiter([&] { EXPECT_THROW(queue.get(), BrokenObject); });
  fill_state(queue, sizeof(platform::RobustMutex) + 8, 128, 0x77);
  waiter.join();
}

TEST_F(Broken, comes_home_from_a_task_as_what_it_is) {
  const Lock lock;
  fill_state(lock, 0, 8, 0x11);
  Pool pool({.workers = 1, .start_method = "fork"});
  EXPECT_THROW(pool.apply([](const Lock& one) { one.acquire(); }, lock), BrokenObject);
}

/// The permissions of the pages that begin and end at an address.
std::pair<std::string, std::string> neighbours(const void* begin, const void* end) {
  std::ifstream maps("/proc/self/maps");
  std::pair<std::string, std::string> found;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream text(line);
    std::uintptr_t from = 0, to = 0;
    char dash = 0;
    std::string permissions;
    text >> std::hex >> from >> dash >> to >> permissions;
    if (to == reinterpret_cast<std::uintptr_t>(begin)) found.first = permissions;
    if (from == reinterpret_cast<std::uintptr_t>(end)) found.second = permissions;
  }
  return found;
}

TEST_F(Broken, nothing_lies_beside_the_memory_of_an_object) {
  const SharedMemory memory(3 * 4096);
  const auto [before, behind] = neighbours(memory.data(), memory.data() + memory.size());
  EXPECT_EQ(before, "---p");
  EXPECT_EQ(behind, "---p");
}

}  // namespace
}  // namespace brood::testing::broken_test

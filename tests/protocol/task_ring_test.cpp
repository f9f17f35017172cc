#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include <brood/errors.hpp>
#include "platform/mapping.hpp"
#include "protocol/task_ring.hpp"

namespace brood::protocol::task_ring_test {
namespace {

constexpr std::size_t size = WorkerPage::buffer_size;
constexpr std::size_t capacity = 100;
constexpr std::uint64_t most = ~std::uint64_t{0};

class TaskRingTest : public ::testing::Test {
 protected:
  std::size_t write(std::size_t count) { return write(ring, count, std::byte{7}); }
  std::size_t write(TaskRing& target, std::size_t count, std::byte value) {
    return target.write(page, std::vector<std::byte>(count, value));
  }
  void worker_waits_for(WorkerWait wait) { page.worker_waits = static_cast<std::uint32_t>(wait); }

  platform::SharedMapping memory =
      platform::SharedMapping::create("test", page_size, {size, rings_in_page});
  WorkerPage& page = *static_cast<WorkerPage*>(memory.data());
  TaskRing ring{capacity};
};

TEST_F(TaskRingTest, what_is_written_lies_before_the_head) {
  EXPECT_EQ(ring.room(page), capacity);
  EXPECT_EQ(write(40), 40U);
  EXPECT_EQ(page.task_head.load(), 40U);
  EXPECT_EQ(page.tasks.bytes[39], std::byte{7});
  EXPECT_EQ(page.tasks.bytes[40], std::byte{0});
  EXPECT_EQ(ring.room(page), capacity - 40);
}

TEST_F(TaskRingTest, as_much_is_written_as_there_is_room_for) {
  EXPECT_EQ(write(capacity + 1), capacity);
  EXPECT_EQ(write(1), 0U);
  EXPECT_EQ(page.task_head.load(), capacity);
  page.task_tail = 30;
  EXPECT_EQ(write(50), 30U);
  EXPECT_EQ(page.task_head.load(), capacity + 30);
}

TEST_F(TaskRingTest, nothing_is_as_much_as_that) {
  EXPECT_EQ(write(0), 0U);
  EXPECT_EQ(page.task_head.load(), 0U);
}

TEST_F(TaskRingTest, what_lies_across_the_end_of_the_ring_is_in_one_piece) {
  TaskRing whole;
  EXPECT_EQ(write(whole, size - 2, std::byte{1}), size - 2);
  page.task_tail = size - 2;
  EXPECT_EQ(write(whole, 4, std::byte{2}), 4U);
  const std::vector<std::byte> expected(4, std::byte{2});
  EXPECT_EQ(std::memcmp(page.tasks.at(size - 2), expected.data(), 4), 0);
  EXPECT_EQ(page.tasks.bytes[1], std::byte{2});
  EXPECT_EQ(page.tasks.bytes[2], std::byte{1});
}

TEST_F(TaskRingTest, the_other_ring_is_another) {
  TaskRing whole;
  write(whole, size, std::byte{1});
  EXPECT_EQ(page.results.bytes[0], std::byte{0});
  EXPECT_EQ(page.results.bytes[size - 1], std::byte{0});
}

TEST_F(TaskRingTest, there_is_much_room_where_half_of_the_ring_is_free) {
  write(capacity);
  EXPECT_FALSE(ring.has_much_room(page));
  page.task_tail = capacity - capacity / 2 - 1;
  EXPECT_FALSE(ring.has_much_room(page));
  page.task_tail = capacity - capacity / 2;
  EXPECT_TRUE(ring.has_much_room(page));
}

TEST_F(TaskRingTest, a_worker_that_has_read_what_it_was_not_sent_is_refused) {
  write(40);
  for (const std::uint64_t tail : {std::uint64_t{41}, most}) {
    page.task_tail = tail;
    EXPECT_THROW(ring.room(page), CodecError);
    EXPECT_THROW(write(1), CodecError);
  }
  EXPECT_EQ(page.task_head.load(), 40U);
}

TEST_F(TaskRingTest, a_worker_that_has_read_less_than_before_is_refused) {
  write(40);
  page.task_tail = 20;
  EXPECT_EQ(ring.room(page), capacity - 20);
  page.task_tail = 19;
  EXPECT_THROW(write(1), CodecError);
}

// Where the worker writes the word that is the owner's, it harms itself.
TEST_F(TaskRingTest, the_position_of_the_owner_is_not_read_from_the_page) {
  write(40);
  page.task_head = most;
  EXPECT_EQ(write(10), 10U);
  EXPECT_EQ(page.task_head.load(), 50U);
}

TEST_F(TaskRingTest, an_owner_that_asks_for_room_says_so) {
  TaskRing::ask_for_room(page);
  EXPECT_EQ(page.owner_blocked.load(), 1U);
}

TEST_F(TaskRingTest, an_owner_that_has_finished_says_so) {
  EXPECT_EQ(page.no_more_tasks.load(), 0U);
  TaskRing::finish(page);
  EXPECT_EQ(page.no_more_tasks.load(), 1U);
}

TEST_F(TaskRingTest, a_worker_that_sleeps_is_owed_one_wake_up) {
  using enum WorkerWait;
  for (const WorkerWait wait : {for_tasks, for_room}) {
    EXPECT_FALSE(owes_wake_up(page, wait));
    worker_waits_for(wait);
    EXPECT_TRUE(owes_wake_up(page, wait));
    EXPECT_EQ(page.worker_waits.load(), 0U);
    EXPECT_FALSE(owes_wake_up(page, wait));
  }
}

TEST_F(TaskRingTest, a_worker_that_waits_for_something_else_sleeps_on) {
  using enum WorkerWait;
  worker_waits_for(for_room);
  EXPECT_FALSE(owes_wake_up(page, for_tasks));
  worker_waits_for(for_tasks);
  EXPECT_FALSE(owes_wake_up(page, for_room));
  EXPECT_EQ(page.worker_waits.load(), static_cast<std::uint32_t>(for_tasks));
  page.worker_waits = ~std::uint32_t{0};
  EXPECT_FALSE(owes_wake_up(page, for_tasks));
}

}  // namespace
}  // namespace brood::protocol::task_ring_test

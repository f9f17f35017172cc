#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <brood/errors.hpp>
#include "driver/fakes.hpp"
#include "pool/channels/worker_channel.hpp"

namespace brood::pool::worker_channel_test {
namespace {

using platform::SendState;
using protocol::WakeUp;
using protocol::WorkerPage;
using protocol::WorkerWait;
using Stop = WorkerChannel::Stop;

constexpr std::size_t capacity = 100;

/// A channel without a system: it counts wake-ups, and descriptors go as the test says.
class FakeChannel final : public WorkerChannel {
 public:
  explicit FakeChannel(std::size_t size = capacity) : WorkerChannel(size) {
    set_page(memory_.data());
  }
  transfer::ReceivedDescriptors receive_descriptors() override { return {}; }
  bool receive_wake_ups() override { return true; }
  using WorkerChannel::take_wake_ups;

  int wake_ups = 0, wake_ups_of_owner = 0;
  SendState answer = SendState::sent;
  std::size_t takes = ~std::size_t{0};  // descriptors, before it answers
  std::vector<std::uint64_t> groups;    // of those that have gone

 private:
  void wake_worker() noexcept override { ++wake_ups; }
  void wake_for_stop() noexcept override {}
  void wake_owner() noexcept override { ++wake_ups_of_owner; }
  SendState send_now(std::uint64_t group, std::span<const detail::DescriptorRef>& unsent) override {
    const std::size_t count = std::min(takes, unsent.size());
    groups.insert(groups.end(), count, group);
    unsent = unsent.subspan(count);
    return answer;
  }

  platform::SharedMapping memory_ = testing::memory_of_page();
};

class WorkerChannelTest : public ::testing::Test {
 protected:
  void append(std::string_view text) { channel.outbox.tail().append(text.data(), text.size()); }
  void append(std::size_t count) { append(std::string(count, 'x')); }
  void worker_waits_for(WorkerWait wait) { page.worker_waits = static_cast<std::uint32_t>(wait); }
  /// What has been written and not read.
  std::string unread() const {
    const std::uint64_t tail = page.task_tail;
    return {reinterpret_cast<const char*>(page.tasks.at(tail)), page.task_head - tail};
  }
  static std::vector<std::byte> bytes(std::size_t count, std::byte value = protocol::wake_up) {
    return std::vector<std::byte>(count, value);
  }

  FakeChannel channel;
  WorkerPage& page = channel.page();
};

// --- what it is sent ---

TEST_F(WorkerChannelTest, what_is_in_the_outbox_is_written) {
  append("all of this");
  EXPECT_EQ(channel.write(), Stop::none);
  EXPECT_TRUE(channel.outbox.empty());
  EXPECT_EQ(unread(), "all of this");
}

TEST_F(WorkerChannelTest, own_and_borrowed_bytes_are_written_in_their_order) {
  const auto borrowed = std::make_shared<std::string>("borrowed");
  append("own ");
  channel.outbox.borrow(std::as_bytes(std::span(*borrowed)), borrowed, 1);
  append(" own again");
  EXPECT_EQ(channel.write(), Stop::none);
  EXPECT_EQ(unread(), "own borrowed own again");
  EXPECT_EQ(borrowed.use_count(), 1);
}

TEST_F(WorkerChannelTest, a_sleeping_worker_is_woken_for_tasks_once) {
  worker_waits_for(WorkerWait::for_tasks);
  append(10);
  channel.write();
  EXPECT_EQ(channel.wake_ups, 1);
  append(10);
  channel.write();
  EXPECT_EQ(channel.wake_ups, 1);
}

TEST_F(WorkerChannelTest, a_worker_that_waits_for_room_is_not_woken_for_tasks) {
  worker_waits_for(WorkerWait::for_room);
  append(10);
  channel.write();
  EXPECT_EQ(channel.wake_ups, 0);
  channel.give_room();
  channel.give_room();
  EXPECT_EQ(channel.wake_ups, 1);
}

TEST_F(WorkerChannelTest, where_the_ring_is_full_the_rest_stays_and_room_is_asked_for) {
  append(capacity + 20);
  EXPECT_EQ(channel.write(), Stop::ring_full);
  EXPECT_EQ(page.task_head.load(), capacity);
  EXPECT_EQ(page.owner_blocked.load(), 1U);
  page.task_tail = 50;
  EXPECT_EQ(channel.write(), Stop::none);
  EXPECT_EQ(page.task_head.load(), capacity + 20);
  EXPECT_TRUE(channel.outbox.empty());
}

TEST_F(WorkerChannelTest, a_full_ring_is_no_reason_to_let_the_worker_sleep) {
  worker_waits_for(WorkerWait::for_tasks);
  append(capacity + 1);
  EXPECT_EQ(channel.write(), Stop::ring_full);
  EXPECT_EQ(channel.wake_ups, 1);
}

TEST_F(WorkerChannelTest, what_exactly_fits_asks_for_nothing) {
  append(capacity);
  EXPECT_EQ(channel.write(), Stop::none);
  EXPECT_EQ(page.owner_blocked.load(), 0U);
}

TEST_F(WorkerChannelTest, the_worker_is_woken_before_all_of_a_large_part_is_copied) {
  FakeChannel large(WorkerPage::buffer_size);
  const std::string text(150'000, 'x');
  large.outbox.tail().append(text.data(), text.size());
  large.page().worker_waits = static_cast<std::uint32_t>(WorkerWait::for_tasks);
  EXPECT_EQ(large.write(), Stop::none);
  EXPECT_EQ(large.wake_ups, 1);  // it has not gone to sleep again
}

TEST_F(WorkerChannelTest, a_tail_that_makes_no_sense_is_refused) {
  append(10);
  channel.write();
  page.task_tail = 11;
  append(10);
  EXPECT_THROW(channel.write(), CodecError);
}

TEST_F(WorkerChannelTest, the_end_wakes_a_worker_that_waits_for_tasks) {
  worker_waits_for(WorkerWait::for_tasks);
  channel.end_tasks();
  EXPECT_EQ(page.no_more_tasks.load(), 1U);
  EXPECT_EQ(channel.wake_ups, 1);
}

// --- descriptors of shared objects ---

TEST_F(WorkerChannelTest, descriptors_go_before_the_bytes_behind_them) {
  append("before");
  channel.outbox.attach(7, std::vector<detail::DescriptorRef>(2));
  channel.takes = 0;
  channel.answer = SendState::would_block;
  EXPECT_EQ(channel.write(), Stop::channel_full);
  EXPECT_EQ(unread(), "before");
  channel.answer = SendState::crowded;
  EXPECT_EQ(channel.write(), Stop::crowded);
  channel.takes = 2;
  channel.answer = SendState::sent;
  EXPECT_EQ(channel.write(), Stop::none);
  EXPECT_EQ(channel.groups, (std::vector<std::uint64_t>{7, 7}));
  EXPECT_GT(unread().size(), std::string_view("before").size());
}

// What waits for room may wait for those to be fetched.
TEST_F(WorkerChannelTest, where_some_descriptors_have_gone_the_worker_is_told_at_once) {
  channel.outbox.attach(7, std::vector<detail::DescriptorRef>(3));
  channel.takes = 1;
  channel.answer = SendState::would_block;
  worker_waits_for(WorkerWait::for_tasks);
  EXPECT_EQ(channel.write(), Stop::none);  // one in each round
  EXPECT_EQ(channel.groups.size(), 3U);
  EXPECT_EQ(channel.wake_ups, 1);
}

TEST_F(WorkerChannelTest, a_worker_that_takes_no_descriptors_any_more_is_told_of) {
  channel.outbox.attach(7, std::vector<detail::DescriptorRef>(1));
  channel.answer = SendState::gone;
  channel.takes = 0;
  EXPECT_EQ(channel.write(), Stop::refused);
}

// --- wake-ups ---

TEST_F(WorkerChannelTest, the_owner_may_sleep_when_nothing_is_new) {
  EXPECT_FALSE(channel.has_news());
  EXPECT_TRUE(channel.ask_for_wake_up(WakeUp::by_futex));
  EXPECT_EQ(page.owner_waits.load(), static_cast<std::uint32_t>(WakeUp::by_futex));
}

TEST_F(WorkerChannelTest, the_owner_may_not_sleep_over_results) {
  page.closed = 10;
  EXPECT_TRUE(channel.has_unread());
  EXPECT_TRUE(channel.has_news());
  EXPECT_FALSE(channel.ask_for_wake_up(WakeUp::by_futex));
}

TEST_F(WorkerChannelTest, the_owner_may_not_sleep_over_room_that_it_has_missed) {
  append(capacity + 1);
  channel.write();
  EXPECT_TRUE(channel.ask_for_wake_up(WakeUp::by_futex));
  page.task_tail = capacity / 2 - 1;  // too little to be woken for
  EXPECT_TRUE(channel.ask_for_wake_up(WakeUp::by_futex));
  page.task_tail = capacity / 2;
  EXPECT_TRUE(channel.has_news());
  EXPECT_FALSE(channel.has_unread());
  EXPECT_FALSE(channel.ask_for_wake_up(WakeUp::by_futex));
  EXPECT_EQ(channel.write(), Stop::none);
  EXPECT_TRUE(channel.ask_for_wake_up(WakeUp::by_futex));
}

// However often the worker moves on by a little: a write comes to an end.
TEST_F(WorkerChannelTest, a_write_goes_on_only_where_half_of_the_ring_is_free) {
  append(3 * capacity);
  EXPECT_EQ(channel.write(), Stop::ring_full);
  page.task_tail = capacity / 2 - 1;
  EXPECT_EQ(channel.write(), Stop::ring_full);
  EXPECT_EQ(page.task_head.load(), capacity + capacity / 2 - 1);
}

// What is said at the end stands before it.
TEST_F(WorkerChannelTest, the_end_comes_behind_what_is_still_to_be_written) {
  append(capacity + 10);
  EXPECT_EQ(channel.write(), Stop::ring_full);
  channel.end_tasks();
  EXPECT_EQ(page.no_more_tasks.load(), 0U);
  page.task_tail = capacity;
  worker_waits_for(WorkerWait::for_tasks);
  EXPECT_EQ(channel.write(), Stop::none);
  EXPECT_EQ(page.no_more_tasks.load(), 1U);
  EXPECT_EQ(channel.wake_ups, 1);
}

TEST_F(WorkerChannelTest, room_that_was_not_missed_is_no_news) {
  append(10);
  channel.write();
  page.task_tail = 10;
  EXPECT_FALSE(channel.has_news());
}

// The worker has seen an earlier request, and takes it back when the owner has asked again.
TEST_F(WorkerChannelTest, a_request_for_room_that_was_taken_back_too_late_stands_again) {
  append(3 * capacity);
  EXPECT_EQ(channel.write(), Stop::ring_full);
  page.owner_blocked = 0;
  EXPECT_TRUE(channel.ask_for_wake_up(WakeUp::by_futex));
  EXPECT_EQ(page.owner_blocked.load(), 1U);
}

// The owner has seen it without a wake-up.
TEST_F(WorkerChannelTest, room_that_has_been_used_is_not_asked_for_any_more) {
  append(capacity + 20);
  EXPECT_EQ(channel.write(), Stop::ring_full);
  page.task_tail = capacity;
  EXPECT_EQ(channel.write(), Stop::none);
  EXPECT_EQ(page.owner_blocked.load(), 0U);
}

TEST_F(WorkerChannelTest, a_caller_that_is_woken_does_not_fall_asleep) {
  channel.ask_for_wake_up(WakeUp::by_futex);
  channel.wake_caller();
  EXPECT_EQ(page.owner_waits.load(), 0U);
  EXPECT_EQ(channel.wake_ups_of_owner, 1);
}

TEST_F(WorkerChannelTest, one_wake_up_is_taken_for_each_request) {
  channel.ask_for_wake_up(WakeUp::by_socket);
  page.owner_waits = 0;  // the worker has sent it
  channel.ask_for_wake_up(WakeUp::by_socket);
  page.owner_waits = 0;
  channel.take_wake_ups(bytes(2));
  EXPECT_THROW(channel.take_wake_ups(bytes(1)), CodecError);
}

TEST_F(WorkerChannelTest, a_request_in_place_of_another_brings_one_wake_up) {
  channel.ask_for_wake_up(WakeUp::by_socket);
  channel.ask_for_wake_up(WakeUp::by_socket);
  EXPECT_THROW(channel.take_wake_ups(bytes(2)), CodecError);
  channel.take_wake_ups(bytes(1));
}

TEST_F(WorkerChannelTest, a_caller_that_asks_takes_the_place_of_the_dispatcher) {
  channel.ask_for_wake_up(WakeUp::by_socket);
  channel.ask_for_wake_up(WakeUp::by_futex);
  EXPECT_THROW(channel.take_wake_ups(bytes(1)), CodecError);
}

TEST_F(WorkerChannelTest, a_wake_up_that_is_on_its_way_may_come_after_a_caller_has_asked) {
  channel.ask_for_wake_up(WakeUp::by_socket);
  page.owner_waits = 0;
  channel.ask_for_wake_up(WakeUp::by_futex);
  channel.take_wake_ups(bytes(1));
}

TEST_F(WorkerChannelTest, what_is_no_wake_up_is_refused) {
  channel.ask_for_wake_up(WakeUp::by_socket);
  EXPECT_THROW(channel.take_wake_ups(bytes(1, std::byte{7})), CodecError);
}

// The worker can store anything there.
TEST_F(WorkerChannelTest, a_request_that_the_worker_has_made_up_counts_for_nothing) {
  page.owner_waits = static_cast<std::uint32_t>(WakeUp::by_socket);
  channel.ask_for_wake_up(WakeUp::by_futex);
  EXPECT_THROW(channel.take_wake_ups(bytes(1)), CodecError);
}

}  // namespace
}  // namespace brood::pool::worker_channel_test

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include <brood/errors.hpp>
#include "driver/fakes.hpp"
#include "pool/channels/channel_reactor.hpp"
#include "protocol/messages.hpp"

namespace brood::pool::channel_reactor_test {
namespace {

using platform::SendState;
using protocol::WakeUp;
using protocol::WorkerPage;
using Stop = WorkerChannel::Stop;

constexpr std::size_t capacity = 100;

/// A worker without a process: what it tells and takes is as the test says.
class FakeLink final : public WorkerLink {
 public:
  FakeLink() : WorkerLink(0, "worker", 1 << 20, Time{}, capacity) { set_page(memory_.data()); }
  transfer::ReceivedDescriptors receive_descriptors() override { return {}; }
  bool receive_wake_ups() override {
    if (nonsense)
      throw CodecError(CodecError::Direction::decode, "message of a worker", "nonsense");
    return open;
  }
  void tell(std::size_t bytes) { page().closed += bytes; }
  bool is_asked() const {
    return page().owner_waits.load() == static_cast<std::uint32_t>(WakeUp::by_socket);
  }

  bool open = true, nonsense = false;
  SendState answer = SendState::sent;

 private:
  void wake_worker() noexcept override {}
  void wake_for_stop() noexcept override {}
  void wake_owner() noexcept override {}
  SendState send_now(std::uint64_t, std::span<const detail::DescriptorRef>& unsent) override {
    if (answer == SendState::sent) unsent = {};
    return answer;
  }

  platform::SharedMapping memory_ = testing::memory_of_page();
};

/// Notes what it is to wait for.
class FakeSockets final : public SocketWatch {
 public:
  void watch(WorkerLink&) override { watched = true; }
  void unwatch(WorkerLink&) override { watched = false; }
  void wait_for_room(WorkerLink&, Stop full) override { waits_for_room.push_back(full); }

  bool watched = false;
  std::vector<Stop> waits_for_room;
};

/// Reads all that it may.
class FakeDriver final : public LockedDriver {
 public:
  LinksOfDispatcher workers() const noexcept override { return LinksOfDispatcher(table); }
  bool is_terminated() const noexcept override { return terminated; }
  bool has_lost_descriptors() const noexcept override { return lost; }
  std::size_t read(WorkerLink& link) override {
    link.results.drop(link.page(), link.results.peek(link.page(), at_a_time).size());
    bytes_read += at_a_time;
    if (tells_on) link.page().closed += at_a_time;
    return at_a_time;
  }
  void unreadable(WorkerLink& link, const std::exception_ptr&) override { link.broken = true; }
  void hung_up(WorkerLink& link) override { link.hung_up = true; }
  void ended(WorkerLink& link) override { link.ended = true; }

  static constexpr std::size_t at_a_time = std::size_t{64} << 10;
  testing::NoProcesses no_processes;
  WorkerTable table{1, no_processes};
  bool terminated = false, lost = false;
  bool tells_on = false;  // as fast as it is read
  std::size_t bytes_read = 0;
};

class ChannelReactorTest : public ::testing::Test {
 protected:
  ChannelReactorTest() {
    no_other_thread_knows();
    auto made = std::make_unique<FakeLink>();
    link = made.get();
    driver.table.admit(std::move(made));
    reactor.open(*link);
  }
  void append(std::size_t count) {
    const std::string bytes(count, 'x');
    link->outbox.tail().append(bytes.data(), count);
  }
  /// One in which the link is looked at. Whether the driver was told nothing.
  bool turn() {
    driver.table.touch(*link);
    driver.table.settle();
    reactor.end_turn();
    return reactor.flush();
  }

  FakeSockets sockets;
  FakeDriver driver;
  ChannelReactor reactor{sockets, driver};
  FakeLink* link = nullptr;
};

TEST_F(ChannelReactorTest, a_new_worker_is_watched_and_asked) {
  EXPECT_TRUE(sockets.watched);
  EXPECT_TRUE(link->is_asked());
  EXPECT_TRUE(turn());
}

TEST_F(ChannelReactorTest, a_wake_up_has_it_read_asked_and_watched_again) {
  link->tell(10);
  link->page().owner_waits = 0;
  sockets.watched = false;
  reactor.on_wake_up(0);
  EXPECT_FALSE(link->has_unread());
  EXPECT_TRUE(link->is_asked());
  EXPECT_TRUE(sockets.watched);
}

TEST_F(ChannelReactorTest, a_worker_that_tells_on_and_on_gets_its_share_and_no_more) {
  driver.tells_on = true;
  link->tell(10);
  reactor.on_wake_up(0);
  EXPECT_LE(driver.bytes_read, 9 * WorkerPage::buffer_size);
  EXPECT_TRUE(sockets.watched);
}

TEST_F(ChannelReactorTest, one_that_may_be_borrowed_is_let_go_and_taken_back) {
  link->borrowable = true;
  EXPECT_TRUE(turn());
  EXPECT_FALSE(sockets.watched);
  link->page().owner_waits = 0;
  link->borrowable = false;
  EXPECT_TRUE(turn());
  EXPECT_TRUE(sockets.watched);
  EXPECT_TRUE(link->is_asked());
}

TEST_F(ChannelReactorTest, what_it_has_told_before_it_is_asked_is_read_in_the_same_turn) {
  link->borrowable = true;
  turn();
  link->tell(10);
  link->borrowable = false;
  EXPECT_FALSE(turn());
  EXPECT_FALSE(link->has_unread());
}

TEST_F(ChannelReactorTest, a_borrowed_worker_is_its_callers) {
  link->borrowed = true;
  append(10);
  EXPECT_TRUE(turn());
  EXPECT_FALSE(link->outbox.empty());
}

TEST_F(ChannelReactorTest, what_has_not_been_touched_costs_a_turn_nothing) {
  EXPECT_TRUE(turn());
  append(10);
  driver.table.settle();
  reactor.end_turn();
  EXPECT_TRUE(reactor.flush());
  EXPECT_FALSE(link->outbox.empty());
  EXPECT_TRUE(turn());
  EXPECT_TRUE(link->outbox.empty());
}

TEST_F(ChannelReactorTest, a_full_ring_is_written_to_with_the_next_wake_up_only) {
  append(3 * capacity);
  EXPECT_TRUE(turn());
  EXPECT_EQ(link->page().task_head.load(), capacity);
  link->page().task_tail = capacity;
  EXPECT_TRUE(turn());
  EXPECT_EQ(link->page().task_head.load(), capacity);
  reactor.on_wake_up(0);
  EXPECT_EQ(link->page().task_head.load(), 2 * capacity);
}

TEST_F(ChannelReactorTest, a_full_channel_is_waited_for) {
  link->outbox.attach(1, std::vector<detail::DescriptorRef>(1));
  append(10);
  link->answer = SendState::crowded;
  EXPECT_TRUE(turn());
  ASSERT_EQ(sockets.waits_for_room, std::vector{Stop::crowded});
  link->answer = SendState::sent;
  reactor.on_room(0);
  EXPECT_TRUE(link->outbox.empty());
}

TEST_F(ChannelReactorTest, a_worker_that_refuses_descriptors_is_broken) {
  link->outbox.attach(1, std::vector<detail::DescriptorRef>(1));
  append(10);
  link->answer = SendState::gone;
  EXPECT_FALSE(turn());
  EXPECT_TRUE(link->broken);
}

TEST_F(ChannelReactorTest, behind_the_end_of_its_socket_a_worker_is_watched_no_more) {
  link->tell(10);
  link->open = false;
  reactor.on_wake_up(0);
  EXPECT_FALSE(link->has_unread());
  EXPECT_FALSE(sockets.watched);
  EXPECT_TRUE(link->hung_up);
  EXPECT_TRUE(turn());
  EXPECT_FALSE(sockets.watched);
}

TEST_F(ChannelReactorTest, a_hang_up_is_told_of_a_worker_that_nothing_watches) {
  link->borrowable = true;
  EXPECT_TRUE(turn());
  EXPECT_FALSE(sockets.watched);
  reactor.on_hang_up(0);
  EXPECT_TRUE(link->hung_up);
}

TEST_F(ChannelReactorTest, the_end_of_a_process_is_told) {
  reactor.on_ended(0);
  EXPECT_TRUE(link->ended);
}

TEST_F(ChannelReactorTest, nothing_is_read_behind_nonsense) {
  link->tell(10);
  link->nonsense = true;
  reactor.on_wake_up(0);
  EXPECT_TRUE(link->broken);
  EXPECT_TRUE(link->has_unread());
  EXPECT_FALSE(sockets.watched);
}

TEST_F(ChannelReactorTest, nothing_is_written_after_terminate) {
  driver.terminated = true;
  append(10);
  EXPECT_TRUE(turn());
  EXPECT_EQ(link->page().task_head.load(), 0U);
}

TEST_F(ChannelReactorTest, no_event_is_believed_after_a_loss) {
  driver.lost = true;
  link->tell(10);
  reactor.on_wake_up(0);
  EXPECT_TRUE(link->has_unread());
}

}  // namespace
}  // namespace brood::pool::channel_reactor_test

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <brood/errors.hpp>
#include "platform/mapping.hpp"
#include "protocol/task_ring.hpp"
#include "worker/task_stream.hpp"

namespace brood::worker::task_stream_test {
namespace {

using protocol::WakeUp;
using protocol::WorkerPage;
using protocol::WorkerWait;

constexpr std::size_t header = sizeof(wire::FrameHeader);
constexpr std::size_t capacity = 200;
constexpr std::size_t in_place = capacity / 2 - header;  // of a payload, at most

struct Asleep : std::runtime_error {
  Asleep() : std::runtime_error("nothing will wake it") {}
};

/// What happens while the stream looks or sleeps is up to the test.
class FakeProcess final : public SessionProcess {
 public:
  std::function<void()> on_look, on_sleep;
  int looks = 0, sleeps = 0, wake_ups = 0, futex_wake_ups = 0, looks_for_copies = 0;

  void wake_owner() override { ++wake_ups; }
  void wake(std::atomic<std::uint32_t>&) override { ++futex_wake_ups; }
  bool look(const std::atomic<std::uint64_t>& word, std::uint64_t value) override {
    ++looks;
    if (on_look) on_look();
    return word != value;
  }
  void sleep(const std::atomic<std::uint32_t>& word, std::uint32_t value) override {
    EXPECT_EQ(word.load(), value);
    ++sleeps;
    if (!on_sleep) throw Asleep();
    on_sleep();
  }
  std::chrono::steady_clock::time_point now() override { return {}; }
  bool send_descriptor(std::uint64_t, const detail::DescriptorRef&) override { return true; }
  void wait_for_descriptor_channel() override {}
  void receive_descriptors() override {}
  void drop_descriptors(std::uint64_t) override {}
  void watch_for_stop_requests() override {}
  std::uint64_t resident() override { return 0; }
  void end_if_copy() noexcept override { ++looks_for_copies; }
  void tell_of_copies() override {}
  bool is_serving_thread() const noexcept override { return true; }
  [[noreturn]] void end(int code) override { throw std::runtime_error(std::to_string(code)); }
};

class TaskStreamTest : public ::testing::Test {
 protected:
  /// A frame whose payload is so many letters.
  static detail::Bytes frame(std::size_t length, char letter = 'x', std::uint16_t type = 3) {
    detail::Bytes bytes;
    const std::size_t start = wire::begin_frame(bytes, type);
    const std::string payload(length, letter);
    bytes.append(payload.data(), payload.size());
    wire::finish_frame(bytes, start);
    return bytes;
  }
  void write(std::span<const std::byte> bytes) { ASSERT_EQ(ring.write(page, bytes), bytes.size()); }
  void write(const detail::Bytes& bytes) { write(bytes.view()); }
  /// Writes as the worker makes room, in each sleep of its.
  void write_by_and_by(detail::Bytes bytes) {
    sent = std::move(bytes);
    process.on_sleep = [this, left = sent.view()]() mutable {
      if (left.empty()) throw Asleep();
      left = left.subspan(ring.write(page, left));
    };
  }
  void owner_is_blocked() {
    page.owner_waits = static_cast<std::uint32_t>(WakeUp::by_socket);
    protocol::TaskRing::ask_for_room(page);
  }
  static bool lies_in(const wire::Frame& frame, const WorkerPage::Ring& ring) {
    return frame.payload.data() >= ring.bytes &&
           frame.payload.data() < ring.bytes + 2 * sizeof ring.bytes;
  }
  /// The next frame must have so many of these letters.
  void expect(std::size_t length, char letter) {
    std::optional<wire::Frame> next;
    while (!(next = stream.next())) ASSERT_TRUE(stream.wait_for_more());
    EXPECT_EQ(next->type, 3);
    const std::string payload(reinterpret_cast<const char*>(next->payload.data()),
                              next->payload.size());
    EXPECT_EQ(payload, std::string(length, letter));
  }

  platform::SharedMapping memory = platform::SharedMapping::create(
      "test", protocol::page_size, {WorkerPage::buffer_size, protocol::rings_in_page});
  WorkerPage& page = *static_cast<WorkerPage*>(memory.data());
  FakeProcess process;
  protocol::TaskRing ring{capacity};
  detail::Bytes sent;
  TaskStream stream{process, page, {.ring = capacity, .collected = 64}};
};

TEST_F(TaskStreamTest, frames_are_read_where_they_lie) {
  write(frame(10, 'a'));
  write(frame(0));
  const auto first = stream.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->payload.data(), page.tasks.at(header));
  EXPECT_EQ(first->payload.size(), 10U);
  const auto second = stream.next();
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->payload.empty());
  EXPECT_FALSE(stream.next());
}

TEST_F(TaskStreamTest, a_frame_in_use_is_not_told_as_read) {
  write(frame(10));
  ASSERT_TRUE(stream.next());
  EXPECT_EQ(page.task_tail.load(), 0U);
  EXPECT_FALSE(stream.next());
  EXPECT_EQ(page.task_tail.load(), header + 10);
}

TEST_F(TaskStreamTest, what_lies_across_the_end_of_the_ring_is_in_one_piece) {
  const std::size_t size = WorkerPage::buffer_size;
  std::uint64_t position = 0;
  for (; position + 2 * header + 80 < size; position += header + 80) {
    write(frame(80));
    expect(80, 'x');
  }
  while (position <= size) {
    write(frame(70, 'y'));
    expect(70, 'y');
    position += header + 70;
  }
  EXPECT_FALSE(stream.next());
  EXPECT_EQ(page.task_tail.load(), position);
}

TEST_F(TaskStreamTest, a_frame_may_come_byte_by_byte) {
  const detail::Bytes bytes = frame(in_place, 'a');
  std::size_t written = 0;
  process.on_sleep = [&] { write(bytes.view().subspan(written++, 1)); };
  expect(in_place, 'a');
  EXPECT_EQ(process.sleeps, static_cast<int>(bytes.size()));
  EXPECT_EQ(page.task_tail.load(), 0U);
}

TEST_F(TaskStreamTest, a_frame_of_more_than_half_a_ring_is_collected_as_it_comes) {
  for (const std::size_t length : {in_place, in_place + 1}) {
    const detail::Bytes bytes = frame(length);
    write(bytes.view().first(header));
    process.on_sleep = [&] { write(bytes.view().subspan(header)); };
    std::optional<wire::Frame> next;
    while (!(next = stream.next())) ASSERT_TRUE(stream.wait_for_more());
    EXPECT_EQ(next->payload.size(), length);
    EXPECT_EQ(lies_in(*next, page.tasks), length == in_place);
    EXPECT_EQ(page.task_tail == page.task_head, length != in_place);  // its place is free
    EXPECT_FALSE(stream.next());
  }
}

TEST_F(TaskStreamTest, a_large_frame_that_is_there_is_read_where_it_lies) {
  write(frame(capacity - header, 'a'));
  const auto next = stream.next();
  ASSERT_TRUE(next);
  EXPECT_TRUE(lies_in(*next, page.tasks));
}

TEST_F(TaskStreamTest, a_frame_may_be_larger_than_the_ring) {
  write_by_and_by(frame(10 * capacity, 'a'));
  expect(10 * capacity, 'a');
  write(frame(10, 'b'));
  expect(10, 'b');
  EXPECT_EQ(page.task_tail.load(), 10 * capacity + header);
}

// A process that a task forks while it decodes one finds zeros in the page.
TEST_F(TaskStreamTest, a_copy_of_the_worker_reads_no_large_frame) {
  write_by_and_by(frame(2 * capacity, 'a'));
  while (!stream.next()) ASSERT_TRUE(stream.wait_for_more());
  EXPECT_GT(process.looks_for_copies, 0);
}

TEST_F(TaskStreamTest, nothing_of_the_next_frame_is_collected) {
  detail::Bytes bytes = frame(capacity, 'a');
  const detail::Bytes next = frame(20, 'b');
  bytes.append(next.data(), next.size());
  write_by_and_by(std::move(bytes));
  expect(capacity, 'a');
  EXPECT_EQ(page.task_tail.load(), capacity + header);
  expect(20, 'b');
}

TEST_F(TaskStreamTest, a_large_frame_can_be_seen_while_it_arrives) {
  const detail::Bytes bytes = frame(capacity, 'a');
  write(bytes.view().first(50));
  EXPECT_FALSE(stream.next());
  EXPECT_FALSE(stream.unfinished(0));  // it lies in the ring
  ASSERT_TRUE(stream.wait_for_more());
  EXPECT_FALSE(stream.next());
  EXPECT_FALSE(stream.unfinished(capacity + 1));
  const auto arriving = stream.unfinished(capacity);
  ASSERT_TRUE(arriving);
  EXPECT_EQ(arriving->frame.payload.size(), 50 - header);
  EXPECT_EQ(arriving->missing, bytes.size() - 50);
  stream.pass_over_unfinished();
  process.on_sleep = [&] { write(bytes.view().subspan(50)); };
  std::vector<std::byte> rest(bytes.size());
  std::size_t got = 0;
  while (got != bytes.size() - 50)
    got += stream.read(std::span(rest).subspan(got, bytes.size() - 50 - got));
  EXPECT_EQ(std::count(rest.begin(), rest.end(), static_cast<std::byte>('a')),
            static_cast<std::ptrdiff_t>(got));
  write(frame(10, 'b'));
  expect(10, 'b');
}

TEST_F(TaskStreamTest, a_smaller_frame_is_collected_where_it_may_be_seen_while_it_arrives) {
  TaskStream early(process, page, {.ring = capacity, .collected = 64, .large_frame = 30});
  write(frame(30).view().first(40));
  EXPECT_FALSE(early.next());
  ASSERT_TRUE(early.wait_for_more());
  EXPECT_TRUE(early.unfinished(30));
}

TEST_F(TaskStreamTest, what_is_no_frame_is_refused) {
  write(frame(10).view().subspan(1));
  write(frame(10));
  EXPECT_THROW(stream.next(), CodecError);
}

// --- wake-ups ---

TEST_F(TaskStreamTest, it_looks_before_it_sleeps) {
  process.on_look = [this] { write(frame(1, 'a')); };
  EXPECT_TRUE(stream.wait_for_more());
  EXPECT_EQ(process.looks, 1);
  EXPECT_EQ(process.sleeps, 0);
  EXPECT_EQ(page.worker_waits.load(), 0U);
}

TEST_F(TaskStreamTest, what_has_come_since_next_has_looked_is_not_waited_for) {
  EXPECT_FALSE(stream.next());
  write(frame(1));
  EXPECT_TRUE(stream.wait_for_more());
  EXPECT_EQ(process.looks, 0);
}

TEST_F(TaskStreamTest, it_says_that_it_sleeps_for_tasks) {
  process.on_sleep = [this] {
    EXPECT_EQ(page.worker_waits.load(), static_cast<std::uint32_t>(WorkerWait::for_tasks));
    write(frame(1));
    EXPECT_TRUE(protocol::owes_wake_up(page, WorkerWait::for_tasks));
  };
  EXPECT_TRUE(stream.wait_for_more());
  EXPECT_EQ(page.worker_waits.load(), 0U);
}

TEST_F(TaskStreamTest, it_sleeps_on_where_it_wakes_for_no_reason) {
  process.on_sleep = [this] {
    page.worker_waits = 0;
    if (process.sleeps == 3) write(frame(1));
  };
  EXPECT_TRUE(stream.wait_for_more());
  EXPECT_EQ(process.sleeps, 3);
}

TEST_F(TaskStreamTest, a_blocked_owner_is_woken_when_half_a_ring_is_free) {
  for (int i = 0; i < 4; ++i) write(frame(capacity / 4 - header));
  owner_is_blocked();
  for (int read = 0; read < 2; ++read) {
    ASSERT_TRUE(stream.next());
    EXPECT_EQ(process.wake_ups, 0);
  }
  ASSERT_TRUE(stream.next());  // two are read, one is in use
  EXPECT_EQ(process.wake_ups, 1);
  EXPECT_EQ(page.owner_blocked.load(), 0U);
  EXPECT_EQ(page.owner_waits.load(), 0U);
  ASSERT_TRUE(stream.next());
  EXPECT_FALSE(stream.next());
  EXPECT_EQ(process.wake_ups, 1);
}

TEST_F(TaskStreamTest, an_owner_that_is_not_blocked_is_not_woken) {
  write(frame(100));
  page.owner_waits = static_cast<std::uint32_t>(WakeUp::by_socket);
  ASSERT_TRUE(stream.next());
  EXPECT_FALSE(stream.next());
  EXPECT_EQ(process.wake_ups, 0);
}

TEST_F(TaskStreamTest, a_blocked_caller_is_woken_by_its_futex) {
  write(frame(150));
  owner_is_blocked();
  page.owner_waits = static_cast<std::uint32_t>(WakeUp::by_futex);
  ASSERT_TRUE(stream.next());
  EXPECT_FALSE(stream.next());
  EXPECT_EQ(process.futex_wake_ups, 1);
  EXPECT_EQ(process.wake_ups, 0);
}

TEST_F(TaskStreamTest, a_blocked_owner_that_is_awake_gets_no_wake_up) {
  write(frame(150));
  protocol::TaskRing::ask_for_room(page);
  ASSERT_TRUE(stream.next());
  EXPECT_FALSE(stream.next());
  EXPECT_EQ(process.wake_ups + process.futex_wake_ups, 0);
  EXPECT_EQ(page.owner_blocked.load(), 0U);
}

TEST_F(TaskStreamTest, a_large_frame_wakes_a_blocked_owner_while_it_is_collected) {
  write(frame(10 * capacity).view().first(capacity));
  owner_is_blocked();
  EXPECT_FALSE(stream.next());
  while (process.wake_ups == 0) ASSERT_TRUE(stream.wait_for_more());
  EXPECT_LE(page.task_head - page.task_tail, capacity / 2);
}

// --- the end ---

TEST_F(TaskStreamTest, the_end_comes_behind_what_is_written) {
  write(frame(10, 'a'));
  protocol::TaskRing::finish(page);
  EXPECT_TRUE(stream.wait_for_more());
  expect(10, 'a');
  EXPECT_FALSE(stream.next());
  EXPECT_FALSE(stream.wait_for_more());
  EXPECT_EQ(process.sleeps, 0);
  EXPECT_EQ(page.worker_waits.load(), 0U);
}

TEST_F(TaskStreamTest, the_end_is_seen_by_a_stream_that_sleeps) {
  process.on_sleep = [this] {
    protocol::TaskRing::finish(page);
    EXPECT_TRUE(protocol::owes_wake_up(page, WorkerWait::for_tasks));
  };
  EXPECT_FALSE(stream.wait_for_more());
  EXPECT_EQ(process.sleeps, 1);
}

TEST_F(TaskStreamTest, the_end_may_come_in_the_middle_of_a_frame) {
  write(frame(50).view().first(30));
  protocol::TaskRing::finish(page);
  EXPECT_FALSE(stream.next());
  EXPECT_FALSE(stream.wait_for_more());
}

TEST_F(TaskStreamTest, the_end_may_come_in_the_middle_of_a_large_frame) {
  write(frame(500).view().first(100));
  protocol::TaskRing::finish(page);
  EXPECT_FALSE(stream.next());
  while (stream.wait_for_more()) EXPECT_FALSE(stream.next());
  const auto arriving = stream.unfinished(500);
  ASSERT_TRUE(arriving);
  EXPECT_EQ(arriving->missing, 400 + header);
  std::byte missing[8];
  EXPECT_EQ(stream.read(missing), 0U);
}

}  // namespace
}  // namespace brood::worker::task_stream_test

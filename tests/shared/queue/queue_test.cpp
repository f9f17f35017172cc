#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include <brood/connection.hpp>
#include <brood/event.hpp>
#include <brood/queue.hpp>
#include "pool/pool_fixture.hpp"
#include "shared/children.hpp"

namespace brood::testing::queue_test {
namespace {

using QueueTest = PoolCheck;

TEST_F(QueueTest, what_is_put_first_is_got_first) {
  Queue<std::string> queue;
  queue.put("one");
  queue.put("two");
  EXPECT_EQ(queue.size(), 2U);
  EXPECT_EQ(queue.get(), "one");
  const std::string second = queue.get();
  EXPECT_EQ(second, "two");
  EXPECT_TRUE(queue.empty());
}

TEST_F(QueueTest, what_was_put_can_be_got_at_once_and_is_counted_at_once) {
  Queue<int> queue(3);
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_TRUE(queue.empty() && !queue.full());
    queue.put(i);
    EXPECT_EQ(queue.size(), 1U);
    EXPECT_EQ(queue.try_get(), i);
  }
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(queue.try_put(i));
  EXPECT_TRUE(queue.full());
  EXPECT_FALSE(queue.try_put(3));
  EXPECT_EQ(queue.maxsize(), 3U);
}

TEST_F(QueueTest, an_empty_queue_gives_nothing_within_a_time_limit) {
  Queue<int> queue;
  EXPECT_FALSE(queue.try_get().has_value());
  EXPECT_FALSE(queue.get_for(1ms).has_value());
  EXPECT_FALSE(queue.get_for(-1s).has_value());
}

TEST_F(QueueTest, a_full_queue_takes_nothing_within_a_time_limit_and_then_what_waits) {
  Queue<int> queue(1);
  queue.put(1);
  EXPECT_FALSE(queue.put_for(2, 1ms));
  std::thread consumer([&] { EXPECT_EQ(queue.get(), 1); });
  EXPECT_TRUE(queue.put_for(2, 60s));
  consumer.join();
  EXPECT_EQ(queue.get(), 2);
}

TEST_F(QueueTest, a_copy_is_the_same_queue) {
  Queue<int> queue;
  Queue<int> copy = queue;
  queue.put(1);
  EXPECT_EQ(copy.get(), 1);
}

TEST_F(QueueTest, what_is_got_is_a_copy_of_what_was_put) {
  Queue<std::vector<int>> queue;
  std::vector<int> numbers{1, 2, 3};
  queue.put(numbers);
  numbers[0] = 100;
  EXPECT_EQ(queue.get()->front(), 1);
}

TEST_F(QueueTest, a_closed_queue_gives_what_is_left_and_then_its_end) {
  Queue<int> queue;
  queue.put(1);
  queue.close();
  queue.close();
  EXPECT_TRUE(queue.closed());
  EXPECT_THROW(queue.put(2), UsageError);
  EXPECT_EQ(queue.get(), 1);
  EXPECT_FALSE(queue.get().has_value());
  EXPECT_THROW(static_cast<void>(static_cast<int>(queue.get())), EndOfStream);
}

TEST_F(QueueTest, closing_wakes_who_waits_at_both_ends) {
  Queue<int> empty, full(1);
  full.put(1);
  std::thread getter([&] { EXPECT_FALSE(empty.get().has_value()); });
  std::thread putter([&] { EXPECT_THROW(full.put(2), UsageError); });
  empty.close();
  full.close();
  getter.join();
  putter.join();
}

TEST_F(QueueTest, a_value_that_cannot_be_encoded_is_an_error_of_put_and_leaves_nothing) {
  Queue<Connection> queue;
  EXPECT_THROW(queue.put(Connection()), CodecError);
  EXPECT_TRUE(queue.empty());
  auto [a, b] = pipe();
  queue.put(b);
  EXPECT_EQ(queue.size(), 1U);
}

TEST_F(QueueTest, a_process_that_has_put_much_ends_before_anybody_gets_it) {
  Queue<std::vector<int>> queue;
  Child child([&] {
    for (int i = 0; i < 64; ++i) queue.put(std::vector<int>(1 << 18, i));
    for (int i = 0; i < 10'000; ++i) queue.put({i});
  });
  EXPECT_EQ(child.wait(), 0);
  for (int i = 0; i < 64; ++i) {
    const std::vector<int> value = *queue.get();
    EXPECT_EQ(value.size(), std::size_t{1} << 18);
    EXPECT_EQ(value.back(), i);
  }
  for (int i = 0; i < 10'000; ++i) EXPECT_EQ(queue.get()->front(), i);
  EXPECT_TRUE(queue.empty());
}

TEST_F(QueueTest, a_queue_that_is_never_empty_gives_back_the_memory_of_what_was_read) {
  Queue<std::vector<std::byte>> queue;
  const std::vector<std::byte> megabyte(1 << 20);
  const auto shared = [] { return std::stoul(status_field(::getpid(), "RssShmem")); };
  queue.put(megabyte);
  const std::size_t before = shared();
  for (int i = 0; i < 200; ++i) {
    queue.put(megabyte);
    EXPECT_EQ(queue.get()->size(), megabyte.size());
  }
  EXPECT_LT(shared(), before + 32 * 1024);  // kB
}

TEST_F(QueueTest, many_producers_and_consumers_in_processes_lose_nothing_and_double_nothing) {
  constexpr int producers = 4, consumers = 3, each = 5000;
  Queue<int> queue(50);
  Queue<std::pair<long, long>> sums;
  std::vector<Child> started, ended;
  for (int p = 0; p < producers; ++p)
    started.emplace_back([&, p] {
      for (int i = 0; i < each; ++i) queue.put(p * each + i);
    });
  for (int c = 0; c < consumers; ++c)
    ended.emplace_back([&] {
      long sum = 0, count = 0;
      while (const auto value = queue.get()) {
        sum += *value;
        ++count;
      }
      sums.put({sum, count});
    });
  expect_success(started);
  queue.close();
  expect_success(ended);
  long sum = 0, count = 0;
  while (const auto part = sums.try_get()) {
    sum += part->first;
    count += part->second;
  }
  EXPECT_EQ(count, long{producers} * each);
  EXPECT_EQ(sum, long{producers} * each * (producers * each - 1) / 2);
}

TEST_F(QueueTest, a_killed_writer_leaves_whole_values_and_blocks_nobody) {
  for (int round = 0; round < 30; ++round) {
    Queue<std::vector<int>> queue;
    Child writer([&] {
      for (int i = 0;; ++i) queue.put(std::vector<int>(static_cast<std::size_t>(1 + i % 5000), i));
    });
    for (int i = 0; i < 20 + round; ++i) EXPECT_TRUE(queue.get().has_value());
    writer.kill();
    queue.put({-1});
    queue.close();
    int last = 0;
    while (const auto value = queue.get()) {
      last = value->back();
      for (const int number : *value) ASSERT_EQ(number, last);
    }
    EXPECT_EQ(last, -1);
  }
}

TEST_F(QueueTest, a_killed_reader_takes_one_value_with_it_at_most_and_blocks_nobody) {
  for (int round = 0; round < 30; ++round) {
    Queue<int> queue, seen;
    for (int i = 0; i < 20'000; ++i) queue.put(i);
    Child reader([&] {
      while (const auto value = queue.get()) seen.put(*value);
    });
    for (int i = 0; i < 10 * round + 1; ++i) EXPECT_EQ(seen.get(), i);
    reader.kill();
    int last = 10 * round;
    while (const auto value = seen.try_get()) last = *value;
    queue.put(20'000);  // it may have had them all
    const int next = queue.get();
    EXPECT_TRUE(next == last + 1 || next == last + 2) << last << " then " << next;
  }
}

TEST_F(QueueTest, a_reader_that_is_killed_while_it_waits_is_in_nobodys_way) {
  Queue<int> queue;
  auto [ready, told] = pipe();
  Child reader([&, &told = told] {
    told.send(1);
    queue.get();
  });
  EXPECT_EQ(ready.recv<int>(), 1);
  while (status_field(reader.pid(), "State").front() != 'S') std::this_thread::yield();
  reader.kill();
  std::thread other([&] { EXPECT_EQ(queue.get(), 5); });
  queue.put(5);
  other.join();
}

TEST_F(QueueTest, connections_and_queues_travel_through_a_queue) {
  Queue<Connection> connections;
  Queue<Queue<int>> queues;
  auto [a, b] = pipe();
  Child child([&] {
    Connection received = connections.get();
    received.send(std::string("here"));
    Queue<int> made;
    made.put(7);
    queues.put(made);
  });
  connections.put(b);
  b.close();
  EXPECT_EQ(a.recv<std::string>(), "here");
  Queue<int> inner = queues.get();
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(inner.get(), 7);  // its maker has ended
  EXPECT_FALSE(a.recv<int>().has_value());
}

TEST_F(QueueTest, more_descriptors_than_can_wait_make_put_wait) {
  Queue<Connection> queue;
  std::vector<Connection> ours;
  std::thread producer([&] {
    for (int i = 0; i < 600; ++i) {
      auto [one, other] = pipe();
      one.send(i);
      queue.put(other);
    }
    queue.close();
  });
  int expected = 0;
  while (auto connection = queue.get()) EXPECT_EQ(connection->recv<int>(), expected++);
  EXPECT_EQ(expected, 600);
  producer.join();
}

TEST_F(QueueTest, a_writer_that_is_killed_with_descriptors_on_the_way_confuses_nobody) {
  for (int round = 0; round < 20; ++round) {
    Queue<std::pair<int, Connection>> queue;
    Child writer([&] {
      for (int i = 0;; ++i) {
        auto [one, other] = pipe();
        one.send(i);
        queue.put({i, other});
      }
    });
    for (int i = 0; i < 10 + round; ++i) {
      auto value = *queue.get();
      EXPECT_EQ(value.second.recv<int>(), value.first);
    }
    writer.kill();
    auto [one, other] = pipe();
    one.send(-1);
    std::thread putter([&, &other = other] { queue.put({-1, other}); });
    for (int last = 0; last != -1;) {
      auto value = *queue.get();
      last = value.first;
      EXPECT_EQ(value.second.recv<int>(), last);
    }
    putter.join();
  }
}

TEST_F(QueueTest, a_put_that_finds_no_room_for_descriptors_leaves_the_queue_as_it_was) {
  Queue<std::vector<Event>> queue;
  int waiting = 0;
  while (queue.put_for(std::vector<Event>(1), 0s)) ++waiting;
  EXPECT_GT(waiting, 100);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(queue.put_for(std::vector<Event>(30), 0s));
  for (; waiting > 0; --waiting) EXPECT_EQ(queue.try_get()->size(), 1U);
  EXPECT_TRUE(queue.empty());
  std::vector<Event> many(300);
  EXPECT_TRUE(queue.put_for(many, 0s));
  const std::vector<Event> got = *queue.get();
  ASSERT_EQ(got.size(), 300U);
  got.back().set();
  EXPECT_TRUE(many.back().is_set());
}

TEST_F(QueueTest, queues_that_are_made_and_dropped_leave_no_descriptor) {
  for (int i = 0; i < 1000; ++i) {
    Queue<int> queue;
    queue.put(i);
  }
}

TEST_F(QueueTest, a_simple_queue_puts_and_gets) {
  SimpleQueue<std::string> queue;
  EXPECT_TRUE(queue.empty());
  queue.put("x");
  EXPECT_EQ(queue.get(), "x");
}

TEST_F(QueueTest, a_value_beyond_what_a_file_may_have_is_a_system_error_and_no_signal) {
  Queue<std::string> queue;
  Child user([&] {
    const rlimit limit{1 << 20, 1 << 20};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
    const auto thrown = caught<SystemError>([&] { queue.put(std::string(2 << 20, 'x')); });
    queue.put(std::string(1 << 19, 'y'));
    return thrown.code().value() == EFBIG ? 0 : 2;
  });
  EXPECT_EQ(user.wait(), 0);
  EXPECT_EQ(queue.get(), std::string(1 << 19, 'y'));
}

TEST_F(QueueTest, join_waits_until_everything_is_done) {
  JoinableQueue<int> queue;
  queue.join();
  for (int i = 0; i < 100; ++i) queue.put(i);
  EXPECT_FALSE(queue.join_for(1ms));
  Child consumer([&] {
    for (int i = 0; i < 100; ++i) {
      queue.get();
      queue.task_done();
    }
  });
  queue.join();
  EXPECT_EQ(consumer.wait(), 0);
  EXPECT_THROW(queue.task_done(), UsageError);
}

TEST_F(QueueTest, bytes_that_are_no_queue_are_a_codec_error) {
  auto [a, b] = pipe();
  a.send(1);
  EXPECT_THROW(b.recv<Queue<int>>(), CodecError);
}

}  // namespace
}  // namespace brood::testing::queue_test

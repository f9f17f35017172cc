#include "shared/single_step.hpp"

#include <optional>
#include <string>
#include <vector>

#include <brood/array.hpp>
#include <brood/connection.hpp>
#include <brood/lock.hpp>
#include <brood/queue.hpp>
#include "shared/children.hpp"
#include "support/events.hpp"

// Processes that are killed between any two instructions while they send or receive: handles of
// shared objects come with the value that they belong to, or that value does not come.
namespace brood::testing::single_step_handles_test {
namespace {

using Arrays = std::vector<Array<int>>;

/// One whose values may be taken without a look at what they are: that takes many instructions.
struct Taken : Queue<Arrays> {
  void take() const { get_by(std::nullopt); }
};

/// New ones that hold `value`: a process that has not seen them needs their descriptors.
Arrays arrays_of(std::size_t count, int value) {
  Arrays made;
  for (std::size_t i = 0; i < count; ++i) made.push_back(Array<int>(1, value));
  return made;
}
void expect_arrays_of(const Arrays& found, std::size_t count, int value) {
  ASSERT_EQ(found.size(), count);
  for (const Array<int>& array : found) EXPECT_EQ(array[0], value);
}

constexpr int of_the_killed = 7, of_the_others = 8;

// One handle; more than fit into one message of a socket.
class KilledWithHandles : public KilledBetweenInstructions,
                          public ::testing::WithParamInterface<std::size_t> {
 protected:
  static std::size_t count() { return GetParam(); }
  static long kills() { return GetParam() == 1 ? 50 : 24; }

  /// What was put before has come whole, once at most; what others put comes after it.
  static void expect_good(const Queue<Arrays>& queue) {
    std::size_t found = 0;
    for (; const auto got = queue.try_get(); ++found)
      expect_arrays_of(*got, count(), of_the_killed);
    EXPECT_LE(found, 1U);
    queue.put(arrays_of(count(), of_the_others));
    const auto got = queue.get_for(patience);
    ASSERT_TRUE(got);
    expect_arrays_of(*got, count(), of_the_others);
  }
  static void expect_good(Connection& sender, Connection& receiver) {
    std::size_t found = 0;
    for (; receiver.poll(); ++found)
      expect_arrays_of(receiver.recv<Arrays>(), count(), of_the_killed);
    EXPECT_LE(found, 1U);
    sender.send(arrays_of(count(), of_the_others));
    ASSERT_TRUE(receiver.poll(patience));
    expect_arrays_of(receiver.recv<Arrays>(), count(), of_the_others);
  }
};
INSTANTIATE_TEST_SUITE_P(Handles, KilledWithHandles, ::testing::Values(1, 13));

TEST_P(KilledWithHandles, that_it_puts_into_a_queue) {
  const Queue<Arrays> queue, other;
  Arrays arrays;
  of(
      [&] {
        arrays = arrays_of(count(), of_the_killed);
        other.put(arrays);
        other.get();
      },
      [&] { queue.put(arrays); }, [&] { expect_good(queue); }, kills());
}

TEST_P(KilledWithHandles, that_it_gets_from_a_queue) {
  const Taken queue, other;
  queue.put(arrays_of(count(), of_the_killed));
  of(
      [&] {
        other.put(arrays_of(count(), of_the_killed));
        other.take();
      },
      [&] { queue.take(); },
      [&] {
        expect_good(queue);
        queue.put(arrays_of(count(), of_the_killed));
      },
      kills());
}

TEST_P(KilledWithHandles, that_it_sends_over_a_connection) {
  auto [ours, theirs] = pipe();
  auto [spare, others] = pipe();
  Arrays arrays;
  of(
      [&, &spare = spare, &others = others] {
        arrays = arrays_of(count(), of_the_killed);
        others.send(arrays);
        spare.recv<Arrays>();
      },
      [&, &theirs = theirs] { theirs.send(arrays); },
      [&ours = ours, &theirs = theirs] { expect_good(theirs, ours); }, kills());
}

TEST_P(KilledWithHandles, that_it_receives_over_a_connection) {
  auto [ours, theirs] = pipe();
  auto [spare, others] = pipe();
  ours.send(arrays_of(count(), of_the_killed));
  of(
      [&spare = spare, &others = others] {
        others.send(arrays_of(count(), of_the_killed));
        spare.recv_bytes();
      },
      [&theirs = theirs] { theirs.recv_bytes(); },
      [&ours = ours, &theirs = theirs] {
        expect_good(ours, theirs);
        ours.send(arrays_of(count(), of_the_killed));
      },
      kills());
}

// A lock that all processes have: it stays that lock, and free.
TEST_F(KilledBetweenInstructions, of_a_lock_that_goes_through_a_queue) {
  const Queue<Lock> queue, other;
  const Lock lock;
  const auto passes_on = [&](const Queue<Lock>& it) {
    it.put(lock);
    const Lock got = it.get();
    got.acquire();
    got.release();
  };
  of([&] { passes_on(other); }, [&] { passes_on(queue); },
     [&] {
       while (queue.try_get()) {
       }
       queue.put(lock);
       const Lock got = queue.get();
       ASSERT_TRUE(got.try_acquire_for(patience));
       Child stranger([&] { return lock.try_acquire() ? 1 : 0; });
       EXPECT_EQ(stranger.wait(), 0);
       got.release();
     },
     50);
}

// In bytes: of a small message, and of one that goes through memory.
class KilledAtAConnection : public KilledBetweenInstructions,
                            public ::testing::WithParamInterface<std::size_t> {
 protected:
  static long kills() { return GetParam() < 1000 ? 100 : 10; }
};
INSTANTIATE_TEST_SUITE_P(Bytes, KilledAtAConnection, ::testing::Values(4, 62'000));

void expect_good(Connection& sender, Connection& receiver, const std::string& message) {
  std::size_t found = 0;
  for (; receiver.poll(); ++found) EXPECT_EQ(receiver.recv<std::string>(), message);
  EXPECT_LE(found, 1U);
  sender.send("next");
  ASSERT_TRUE(receiver.poll(patience));
  EXPECT_EQ(receiver.recv<std::string>(), "next");
}

TEST_P(KilledAtAConnection, that_it_sends_to) {
  const std::string message(GetParam(), 'x');
  auto [ours, theirs] = pipe();
  auto [spare, others] = pipe();
  of(
      [&, &spare = spare, &others = others] {
        others.send(message);
        spare.recv<std::string>();
      },
      [&, &theirs = theirs] { theirs.send(message); },
      [&, &ours = ours, &theirs = theirs] { expect_good(theirs, ours, message); }, kills());
}

TEST_P(KilledAtAConnection, that_it_receives_from) {
  const std::string message(GetParam(), 'x');
  auto [ours, theirs] = pipe();
  auto [spare, others] = pipe();
  ours.send(message);
  of(
      [&, &spare = spare, &others = others] {
        others.send(message);
        spare.recv<std::string>();
      },
      [&theirs = theirs] { theirs.recv<std::string>(); },
      [&, &ours = ours, &theirs = theirs] {
        expect_good(ours, theirs, message);
        ours.send(message);
      },
      kills());
}

// Two messages and two readers of one end: what the killed one did not take is for the other one.
TEST_F(KilledBetweenInstructions, of_a_reader_beside_which_another_one_waits) {
  auto [ours, theirs] = pipe();
  auto [spare, others] = pipe();
  std::optional<Child> reader;
  const auto begins_to_read = [&, &ours = ours, &theirs = theirs] {
    reader.emplace([&theirs = theirs] { return theirs.recv<int>() == 1 ? 0 : 1; });
    ours.send(1);
    ours.send(1);
  };
  begins_to_read();
  of(
      [&spare = spare, &others = others] {
        others.send(1);
        spare.recv_bytes();
      },
      [&theirs = theirs] { theirs.recv_bytes(); },
      [&, &theirs = theirs] {
        EXPECT_EQ(reader->wait(), 0);
        int found = 0;
        for (; theirs.poll(); ++found) EXPECT_EQ(theirs.recv<int>(), 1);
        EXPECT_LE(found, 1);
        begins_to_read();
      });
  EXPECT_EQ(reader->wait(), 0);
}

// A queue is closed once: each killed process has a new one, which `use` waits at in another.
template <class Use>
void kill_while_closing(Use use) {
  const Queue<int> other;
  std::optional<Queue<int>> queue;
  std::optional<Child> waiter;
  const auto begins_to_wait = [&] {
    queue.emplace(1U);
    queue->put(1);
    waiter.emplace([&] { return use(*queue); });
  };
  const auto expect_closed = [&] {
    if (!queue->closed()) queue->close();
    EXPECT_EQ(waiter->wait(), 0);
    EXPECT_THROW(queue->try_put(2), UsageError);
    while (queue->try_get()) {
    }
    EXPECT_FALSE(queue->get());
    begins_to_wait();
  };
  begins_to_wait();
  if (!kill_between_instructions([&] { other.close(); }, [&] { queue->close(); }, expect_closed,
                                 100, never))
    GTEST_SKIP() << "this process may not trace";
}

TEST_F(KilledBetweenInstructions, of_the_closing_of_a_queue_that_another_process_gets_from) {
  kill_while_closing([](const Queue<int>& queue) {
    if (queue.get() != 1) return 1;
    return queue.get() ? 2 : 0;
  });
}

TEST_F(KilledBetweenInstructions, of_the_closing_of_a_full_queue_that_another_process_puts_to) {
  kill_while_closing([](const Queue<int>& queue) {
    try {
      queue.put(2);
      return 1;
    } catch (const UsageError&) {
      return 0;
    }
  });
}

}  // namespace
}  // namespace brood::testing::single_step_handles_test

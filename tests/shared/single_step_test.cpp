#include "shared/single_step.hpp"

#include <optional>
#include <string>
#include <vector>

#include <brood/barrier.hpp>
#include <brood/condition.hpp>
#include <brood/connection.hpp>
#include <brood/event.hpp>
#include <brood/lock.hpp>
#include <brood/queue.hpp>
#include <brood/semaphore.hpp>
#include <brood/value.hpp>
#include "shared/children.hpp"
#include "support/events.hpp"

// Processes that are killed between any two instructions of an operation on a shared object: the
// object stays of use to the others.
namespace brood::testing::single_step_test {
namespace {

using namespace std::chrono_literals;

template <class Lockable>
void expect_free(const Lockable& lock) {
  ASSERT_TRUE(lock.try_acquire_for(patience));
  lock.release();
}

TEST_F(KilledBetweenInstructions, of_a_lock) {
  const Lock lock, other;
  const auto uses = [](const Lock& it) {
    it.acquire();
    it.release();
  };
  of([&] { uses(other); }, [&] { uses(lock); }, [&] { expect_free(lock); });
}

TEST_F(KilledBetweenInstructions, of_a_recursive_lock) {
  const RLock lock, other;
  const auto uses = [](const RLock& it) {
    it.acquire();
    it.acquire();
    it.release();
    it.release();
  };
  of([&] { uses(other); }, [&] { uses(lock); }, [&] { expect_free(lock); });
}

TEST_F(KilledBetweenInstructions, of_a_lock_that_another_process_waits_for) {
  const Lock lock, other;
  std::optional<Child> waiter;
  const auto uses = [](const Lock& it) {
    it.acquire();
    it.release();
  };
  const auto begins_to_wait = [&] {
    waiter.emplace([&] { return lock.try_acquire_for(patience) ? (lock.release(), 0) : 1; });
  };
  lock.acquire();
  begins_to_wait();
  lock.release();
  of([&] { uses(other); },
     [&] {
       uses(lock);
       uses(lock);
     },
     [&] {
       EXPECT_EQ(waiter->wait(), 0);
       begins_to_wait();
     });
  EXPECT_EQ(waiter->wait(), 0);
}

// A permit has no owner: the one that the killed process had may be gone, and no more.
TEST_F(KilledBetweenInstructions, of_a_semaphore) {
  Semaphore semaphore(2), other(2);
  const auto uses = [](const Semaphore& it) {
    it.acquire();
    it.release();
  };
  of([&] { uses(other); }, [&] { uses(semaphore); },
     [&] {
       ASSERT_TRUE(semaphore.try_acquire_for(patience));
       semaphore.release();
       if (semaphore.value() == 1) semaphore.release();
       EXPECT_EQ(semaphore.value(), 2U);
     });
}

// All of the permits are there or none of them: one more than others wait for tells which.
TEST_F(KilledBetweenInstructions, of_a_release_of_several_permits) {
  const Semaphore semaphore(0), other(0);
  std::vector<Child> waiters;
  const auto begin_to_wait = [&] { waiters = children(2, [&](int) { semaphore.acquire(); }); };
  begin_to_wait();
  of([&] { other.release(3); }, [&] { semaphore.release(3); },
     [&] {
       if (!semaphore.try_acquire()) semaphore.release(2);
       for (Child& waiter : waiters) EXPECT_EQ(waiter.wait(), 0);
       EXPECT_EQ(semaphore.value(), 0);
       begin_to_wait();
     });
  semaphore.release(2);
  expect_success(waiters);
}

TEST_F(KilledBetweenInstructions, of_a_bounded_semaphore) {
  BoundedSemaphore semaphore(1), other(1);
  const auto uses = [](const BoundedSemaphore& it) {
    it.acquire();
    it.release();
  };
  of([&] { uses(other); }, [&] { uses(semaphore); }, [&] { expect_free(semaphore); });
}

TEST_F(KilledBetweenInstructions, of_an_event) {
  const Event event, other;
  std::optional<Child> waiter;
  const auto begins_to_wait = [&] {
    waiter.emplace([&] { return event.wait_for(patience) ? 0 : 1; });
  };
  begins_to_wait();
  of([&] { other.set(); }, [&] { event.set(); },
     [&] {
       event.set();
       EXPECT_EQ(waiter->wait(), 0);
       event.clear();
       EXPECT_FALSE(event.is_set());
       begins_to_wait();
     });
  event.set();
  EXPECT_EQ(waiter->wait(), 0);
}

TEST_F(KilledBetweenInstructions, of_a_wait_for_a_condition) {
  const Condition condition, other;
  const auto waits = [](const Condition& it) {
    it.acquire();
    it.wait_for(1us);
    it.release();
  };
  of([&] { waits(other); }, [&] { waits(condition); },
     [&] {
       condition.notify_all();
       expect_free(condition);
     });
}

/// A process that waits for the condition, and ends well if it is notified.
Child waiter_for(const Condition& condition) {
  const Value<int> waiting(0);
  Child waiter([&] {
    condition.acquire();
    waiting.set(1);
    const bool notified = condition.wait_for(patience);
    condition.release();
    return notified ? 0 : 1;
  });
  while (waiting.get() == 0) ::sched_yield();
  expect_free(condition);  // it waits then
  return waiter;
}

TEST_F(KilledBetweenInstructions, of_a_notification) {
  const Condition condition, other;
  std::optional<Child> waiter;
  const auto begins_to_wait = [&] { waiter.emplace(waiter_for(condition)); };
  const auto notifies = [](const Condition& it) {
    it.acquire();
    it.notify_one();
    it.release();
  };
  const auto ends = [&] {
    expect_free(condition);
    condition.notify_all();
    EXPECT_EQ(waiter->wait(), 0);
    begins_to_wait();
  };
  begins_to_wait();
  of([&] { notifies(other); }, [&] { notifies(condition); }, ends);
  // Close together in the notification itself.
  of([&] { notifies(other); }, [&] { condition.notify_one(); }, ends, 400);
  condition.notify_all();
  EXPECT_EQ(waiter->wait(), 0);
}

using BetweenInstructions = KilledBetweenInstructions;

// It needs no lock, so it may come at any instruction of another wait's beginning. The first waiter
// has been notified, and has not run since.
TEST_F(BetweenInstructions, of_a_wait_a_notification_is_left_to_the_first_waiter) {
  const Condition condition, other;
  // Some 1100 lie before that; what must not be divided is longer than the stride.
  constexpr long begin = 600, end = 1800, stride = 5, all = 100'000;
  for (long i = begin; i < end; i += stride) {
    Child first = waiter_for(condition);
    first.signal(SIGSTOP);
    siginfo_t stop{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(first.pid()), &stop, WSTOPPED), 0);
    condition.notify_all();
    {
      Stepped second(
          [&] {
            other.acquire();
            other.wait_for(1us);
            condition.acquire();
          },
          [&] { condition.wait_for(1us); });
      if (!second.traced()) GTEST_SKIP() << "this process may not trace";
      second.step(i);
      condition.notify_all();
      second.step(all);
    }
    first.signal(SIGCONT);
    ASSERT_EQ(first.wait(), 0) << "after " << i << " instructions";
  }
}

TEST_F(KilledBetweenInstructions, of_the_last_party_at_a_barrier) {
  const Barrier barrier(2), other(1);
  const auto passes = [](const Barrier& it) {
    try {
      it.wait_for(patience);
    } catch (const BrokenBarrier&) {
    }
  };
  std::optional<Child> party;
  const auto begins_to_wait = [&] {
    barrier.reset();
    party.emplace([&] { passes(barrier); });
    while (barrier.n_waiting() != 1) ::sched_yield();
  };
  begins_to_wait();
  of([&] { passes(other); }, [&] { passes(barrier); },
     [&] {
       if (barrier.n_waiting() == 1) barrier.abort();
       EXPECT_EQ(party->wait(), 0);
       begins_to_wait();
     });
  barrier.abort();
  EXPECT_EQ(party->wait(), 0);
}

// All that is got is what was put, as often as it was put at most.
template <class T>
void expect_good(const Queue<T>& queue, const T& value, std::size_t most) {
  std::size_t found = 0;
  for (; const auto got = queue.try_get(); ++found) EXPECT_EQ(*got, value);
  EXPECT_LE(found, most);
  ASSERT_TRUE(queue.put_for(value, patience));
  EXPECT_EQ(queue.get_for(patience), value);
}

class KilledAtAQueue : public KilledBetweenInstructions,
                       public ::testing::WithParamInterface<std::size_t> {
 protected:
  static void put_and_get(const Queue<std::string>& queue, const std::string& value) {
    queue.put(value);
    queue.get();
  }
  static long kills() { return GetParam() < 1000 ? 100 : 20; }
};
// A small value, and one that the ring grows for.
INSTANTIATE_TEST_SUITE_P(Bytes, KilledAtAQueue, ::testing::Values(4, 3000));

TEST_P(KilledAtAQueue, that_it_puts_to) {
  const Queue<std::string> queue, other;
  const std::string value(GetParam(), 'x');
  of([&] { put_and_get(other, value); }, [&] { queue.put(value); },
     [&] { expect_good(queue, value, 1); }, kills());
}

TEST_P(KilledAtAQueue, that_it_gets_from) {
  const Queue<std::string> queue, other;
  const std::string value(GetParam(), 'x');
  queue.put(value);
  of([&] { put_and_get(other, value); }, [&] { queue.get(); },
     [&] {
       expect_good(queue, value, 1);
       queue.put(value);
     },
     kills());
}

TEST_P(KilledAtAQueue, that_is_full_while_others_wait_for_room) {
  const Queue<std::string> queue(1), other(1);
  const std::string value(GetParam(), 'x');
  std::optional<Child> producer;
  const auto begins_to_put = [&] {
    producer.emplace([&] { return queue.put_for(value, patience) ? 0 : 1; });
  };
  queue.put(value);
  begins_to_put();
  of([&] { put_and_get(other, value); }, [&] { queue.get(); },
     [&] {
       EXPECT_EQ(queue.get_for(patience), value);  // the killed one's, or the producer's
       EXPECT_EQ(producer->wait(), 0);
       while (queue.try_get()) {
       }
       queue.put(value);
       begins_to_put();
     },
     kills());
  queue.get();
  EXPECT_EQ(producer->wait(), 0);
}

TEST_F(KilledBetweenInstructions, of_a_queue_whose_tasks_are_counted) {
  const JoinableQueue<int> queue, other;
  const auto uses = [](const JoinableQueue<int>& it) {
    it.put(1);
    it.get();
    it.task_done();
  };
  of([&] { uses(other); }, [&] { uses(queue); },
     [&] {
       while (queue.try_get()) {
       }
       // At most one task was never done.
       if (!queue.join_for(0ms)) queue.task_done();
       EXPECT_TRUE(queue.join_for(patience));
     });
}

TEST_F(KilledBetweenInstructions, of_a_connection_messages_are_whole_or_not_there) {
  const std::string message(3000, 'x');
  auto [ours, theirs] = pipe();
  auto [spare, others] = pipe();
  of(
      [&, &others = others, &spare = spare] {
        others.send(message);
        spare.recv<std::string>();
      },
      [&, &theirs = theirs] { theirs.send(message); },
      [&, &ours = ours] {
        while (ours.poll()) EXPECT_EQ(ours.recv<std::string>(), message);
      });
}

struct Pair {
  long one, other;
};

TEST_F(KilledBetweenInstructions, of_a_value_that_is_larger_than_a_word_both_halves_agree) {
  const Value<Pair> value(Pair{0, 0}), other(Pair{0, 0});
  of(
      [&] {
        other.set({1, 1});
      },
      [&] {
        value.set({1, 1});
      },
      [&] {
        const Pair now = value.get();
        EXPECT_EQ(now.one, now.other);
        value.set({0, 0});
      });
}

}  // namespace
}  // namespace brood::testing::single_step_test

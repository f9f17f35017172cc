#include "shared/single_step.hpp"

#include <sched.h>

#include <optional>

#include <brood/barrier.hpp>
#include <brood/value.hpp>
#include "shared/children.hpp"
#include "support/events.hpp"

// Processes that are killed between any two instructions of an operation on a barrier that others
// wait at: no party waits for ever, and the barrier is passed again after a reset.
namespace brood::testing::single_step_barrier_test {
namespace {

using namespace std::chrono_literals;

enum Code : int { passed, broken };

// Without a limit: a waiter that is forgotten here is ended by its alarm, and that is no such code.
int code_of(const Barrier& barrier) {
  try {
    barrier.wait();
    return passed;
  } catch (const BrokenBarrier&) {
    return broken;
  }
}

class KilledAtABarrier : public KilledBetweenInstructions {
 protected:
  void begin_to_wait() {
    barrier_.reset();
    party_.emplace([this] { return code_of(barrier_); });
    while (barrier_.n_waiting() != 1) ::sched_yield();
  }
  /// One party has been waiting: it is not there for ever, and two parties that come now pass.
  void expect_broken_and_of_use() {
    EXPECT_EQ(party_->wait(), broken);
    barrier_.reset();
    Child other([this] { return code_of(barrier_); });
    EXPECT_EQ(code_of(barrier_), passed);
    EXPECT_EQ(other.wait(), passed);
  }
  const Barrier& barrier() const { return barrier_; }

 private:
  const Barrier barrier_{2};
  std::optional<Child> party_;
};

TEST_F(KilledAtABarrier, that_it_resets) {
  const Barrier other(2);
  begin_to_wait();
  of([&] { other.reset(); }, [&] { barrier().reset(); },
     [&] {
       if (barrier().n_waiting() == 1) barrier().reset();
       expect_broken_and_of_use();
       begin_to_wait();
     });
  barrier().abort();
  expect_broken_and_of_use();
}

TEST_F(KilledAtABarrier, that_it_makes_whole) {
  const Barrier other(2);
  const auto is_whole_again = [&] {
    barrier().reset();
    Child party([&] { return code_of(barrier()); });
    EXPECT_EQ(code_of(barrier()), passed);
    EXPECT_EQ(party.wait(), passed);
    barrier().abort();
  };
  barrier().abort();
  of(
      [&] {
        other.abort();
        other.reset();
      },
      [&] { barrier().reset(); }, is_whole_again);
}

TEST_F(KilledAtABarrier, that_it_breaks) {
  const Barrier other(2);
  begin_to_wait();
  of([&] { other.abort(); }, [&] { barrier().abort(); },
     [&] {
       if (barrier().n_waiting() == 1) barrier().abort();
       expect_broken_and_of_use();
       begin_to_wait();
     });
  barrier().abort();
  expect_broken_and_of_use();
}

// Of three parties one waits, one is killed and one never comes.
TEST_F(KilledBetweenInstructions, of_a_party_that_comes_first_and_gives_up) {
  const Barrier barrier(3), other(3);
  const auto gives_up = [](const Barrier& it) {
    try {
      it.wait_for(1us);
    } catch (const BrokenBarrier&) {
    }
  };
  std::optional<Child> party;
  const auto begins_to_wait = [&] {
    barrier.reset();
    party.emplace([&] { return code_of(barrier); });
    while (barrier.n_waiting() != 1) ::sched_yield();
  };
  begins_to_wait();
  of([&] { gives_up(other); }, [&] { gives_up(barrier); },
     [&] {
       // Two wait, then: the one that lives finds the other one dead by itself.
       if (barrier.n_waiting() == 1) barrier.abort();
       EXPECT_EQ(party->wait(), broken);
       EXPECT_TRUE(barrier.broken());
       begins_to_wait();
     },
     100, [&] { return barrier.broken(); });
  barrier.abort();
  EXPECT_EQ(party->wait(), broken);
}

// The last party waits for the killed one to come, or for the test's word that it never will.
TEST_F(KilledBetweenInstructions, of_a_party_that_comes_first_and_passes) {
  const Barrier barrier(2), other(2);
  const Value<int> gone(0);
  std::optional<Child> last;
  const auto passes = [](const Barrier& it) { code_of(it); };
  const auto begins = [&] {
    gone.set(0);
    barrier.reset();
    last.emplace([&] {
      while (barrier.n_waiting() == 0 && gone.get() == 0) ::sched_yield();
      return gone.get() == 0 ? code_of(barrier) : passed;
    });
  };
  begins();
  of(
      [&] {
        Child party([&] { code_of(other); });
        passes(other);
        party.wait();
      },
      [&] { passes(barrier); },
      [&] {
        gone.set(1);
        const int code = last->wait();
        EXPECT_TRUE(code == passed || code == broken) << code;
        barrier.reset();
        Child party([&] { return code_of(barrier); });
        EXPECT_EQ(code_of(barrier), passed);
        EXPECT_EQ(party.wait(), passed);
        begins();
      });
  gone.set(1);
  last->wait();
}

}  // namespace
}  // namespace brood::testing::single_step_barrier_test

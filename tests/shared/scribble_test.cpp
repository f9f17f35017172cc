// A process that shares an object overwrites its memory, as a stray pointer does: the others get
// errors, and nothing worse.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <thread>

#include <brood/brood.hpp>
#include "platform/process_mark.hpp"
#include "shared/children.hpp"
#include "support/sanitizers.hpp"
#include "support/shared_bytes.hpp"

namespace brood::testing::scribble_test {
namespace {

using namespace std::chrono_literals;

/// Eight bytes in any place, more often near the beginning, where the numbers are.
class Scribbler {
 public:
  explicit Scribbler(unsigned seed) : random_(seed) {}
  void hit(std::span<std::byte> memory) {
    const std::size_t words = memory.size() / 8;
    const std::size_t near = std::min<std::size_t>(words, 64);
    const std::size_t word = random_() % (random_() % 4 == 0 ? words : near);
    const std::uint64_t value = drawn();
    std::memcpy(memory.data() + word * 8, &value, sizeof value);
  }
  std::uint64_t number(std::uint64_t below) { return random_() % below; }

 private:
  std::uint64_t drawn() {
    switch (random_() % 5) {
      case 0:
        return random_() % 16;
      case 1:
        return ~std::uint64_t{0} - random_() % 16;
      case 2:
        return std::uint64_t{1} << (random_() % 64);
      default:
        return random_();
    }
  }
  std::mt19937_64 random_;
};

/// Calls that may fail with one of Brood's errors, and with nothing else.
template <class Body>
void tolerate(Body body) {
  try {
    body();
  } catch (const Error&) {
  } catch (const std::bad_alloc&) {
  }
}

struct Locks {
  static auto make() { return Lock(); }
  static void use(const Lock& lock, Scribbler&) {
    if (lock.try_acquire_for(1ms)) lock.release();
    lock.locked();
    lock.acquire();
    lock.release();
  }
};
struct RLocks {
  static auto make() { return RLock(); }
  static void use(const RLock& lock, Scribbler&) {
    for (int i = 0; i < 3; ++i) lock.acquire();
    for (int i = 0; i < 3; ++i) lock.release();
  }
};
struct Values {
  static auto make() { return Value<long>(7); }
  static void use(const Value<long>& value, Scribbler&) {
    value.set(value.get());
    value.update([](long& x) { x ^= 1; });
    static_cast<void>(received(value).get());
  }
};
struct Arrays {
  static auto make() { return Array<int>(3000); }
  static void use(const Array<int>& array, Scribbler&) {
    const auto held = array.lock();
    const Array<int> other = received(array);
    for (int& x : other) x ^= 1;
    static_cast<void>(received(array.slice(10, 20)).size());
  }
};
struct Semaphores {
  static auto make() { return Semaphore(3); }
  static void use(const Semaphore& one, Scribbler&) {
    if (one.try_acquire_for(1ms)) one.release();
    static_cast<void>(one.value());
    one.release(2);
  }
};
struct BoundedSemaphores {
  static auto make() { return BoundedSemaphore(3); }
  static void use(const BoundedSemaphore& one, Scribbler&) {
    if (one.try_acquire_for(1ms)) one.release();
    static_cast<void>(one.value());
    if (one.try_acquire()) one.release();
    one.release();
  }
};
struct Conditions {
  static auto make() { return Condition(); }
  static void use(const Condition& one, Scribbler&) {
    one.notify_all();
    one.notify(std::size_t{1} << 40);
    const std::lock_guard held(one);
    one.wait_for(1ms);
    one.notify_one();
  }
};
struct Events {
  static auto make() { return Event(); }
  static void use(const Event& one, Scribbler&) {
    one.wait_for(1ms);
    one.set();
    one.clear();
    static_cast<void>(one.is_set());
  }
};
struct Barriers {
  static auto make() { return Barrier(4); }
  static void use(const Barrier& one, Scribbler& random) {
    one.n_waiting();
    one.parties();
    one.broken();
    if (random.number(2) == 0) one.reset();
    one.wait_for(1ms);
  }
};
struct Queues {
  using Handle = Queue<std::string>;
  static auto make() {
    Handle queue(1000);
    queue.put("first");
    queue.put(std::string(100, 'x'));
    queue.put(std::string(100'000, 'y'));  // beyond the ring
    return queue;
  }
  static void use(const Handle& queue, Scribbler& random) {
    queue.size();
    queue.full();
    queue.maxsize();
    queue.closed();
    queue.put_for(std::string(random.number(70'000), 'z'), 1ms);
    for (int i = 0; i < 5; ++i) tolerate([&] { static_cast<void>(queue.get_for(1ms)); });
    static_cast<void>(received(queue).try_get());
    queue.close();
  }
};
struct JoinableQueues {
  using Handle = JoinableQueue<std::vector<Event>>;
  static auto make() {
    Handle queue;
    queue.put(std::vector<Event>(2));
    queue.put(std::vector<Event>(20));
    return queue;
  }
  static void use(const Handle& queue, Scribbler&) {
    tolerate([&] { static_cast<void>(queue.get_for(1ms)); });
    tolerate([&] { queue.put_for(std::vector<Event>(1), 1ms); });
    tolerate([&] { static_cast<void>(queue.try_get()); });
    queue.task_done();
    queue.join_for(1ms);
  }
};

template <class Kind>
class Scribbled : public LeakCheck {};
using Kinds = ::testing::Types<Locks, RLocks, Values, Arrays, Semaphores, BoundedSemaphores,
                               Conditions, Events, Barriers, Queues, JoinableQueues>;
TYPED_TEST_SUITE(Scribbled, Kinds);

/// What a victim does: `rounds` objects, each overwritten a little and then used.
template <class Kind>
void use_scribbled(unsigned seed, int rounds) {
  Scribbler scribbler(seed);
  for (int round = 0; round < rounds; ++round) {
    const auto handle = Kind::make();
    const std::span<std::byte> memory = memory_behind(handle);
    for (std::uint64_t hits = 1 + scribbler.number(3); hits > 0; --hits) scribbler.hit(memory);
    for (int i = 0; i < 2; ++i) tolerate([&] { Kind::use(handle, scribbler); });
  }
}

TYPED_TEST(Scribbled, before_it_is_used_is_an_error_at_most) {
  for (unsigned seed = 0; seed < 2; ++seed)
    EXPECT_EQ(Child([&] { use_scribbled<TypeParam>(seed, times(200, 40)); }).wait(), 0) << seed;
}

TYPED_TEST(Scribbled, while_it_is_used_is_an_error_at_most) {
  const auto handle = TypeParam::make();
  const std::span<std::byte> memory = memory_behind(handle);
  Child hostile([&] {
    Scribbler scribbler(5);
    for (;;) scribbler.hit(memory);
  });
  Child victim([&] {
    Scribbler scribbler(6);
    for (int round = 0; round < times(100, 20); ++round)
      tolerate([&] { TypeParam::use(handle, scribbler); });
  });
  EXPECT_EQ(victim.wait(), 0);
}

/// Marks of processes that live, in turn, by which the last party could look at each of a million.
TEST(ScribbledBarrier, keeps_no_call_beyond_its_time) {
  constexpr std::uint32_t parties = 1U << 20;
  const Barrier barrier(parties);
  const std::span<std::byte> memory = memory_behind(barrier);
  using Mark = platform::ProcessMark;
  const std::size_t state = memory.size() - parties * sizeof(Mark);
  const std::array<Mark, 2> living{Mark{1, 0}, Mark{::getppid(), 0}};
  for (std::size_t i = 0; i < parties; ++i)
    std::memcpy(memory.data() + state + i * sizeof(Mark), &living[i % 2], sizeof(Mark));
  const std::uint32_t arrived = parties - 3;
  for (std::size_t at = 0; at < state; at += sizeof parties) {
    if (std::memcmp(memory.data() + at, &parties, sizeof parties) != 0) continue;
    std::memcpy(memory.data() + at + sizeof parties, &arrived, sizeof arrived);
    break;
  }
  ASSERT_EQ(barrier.n_waiting(), arrived);
  const auto before = std::chrono::steady_clock::now();
  EXPECT_THROW(barrier.wait_for(100ms), BrokenBarrier);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 3s);
}

}  // namespace
}  // namespace brood::testing::scribble_test

// A condition: children take turns, and what waits in vain.
#include <brood/brood.hpp>
#include <iostream>
#include <mutex>

#include "refused.hpp"

using namespace std::chrono_literals;

void take_turn(std::size_t index, brood::Condition condition, brood::Value<std::size_t> turn,
               brood::Array<std::size_t> order) {
  const std::lock_guard guard(condition);
  condition.wait([&] { return turn.get() == index; });
  order[turn.get()] = 10 * index;
  turn.set(turn.get() + 1);
  condition.notify_all();
}

void sleep_until_notified(brood::Condition condition, brood::Semaphore asleep,
                          brood::Semaphore awake) {
  {
    const std::lock_guard guard(condition);
    asleep.release();
    condition.wait();
  }
  awake.release();
}

void all_take_turns(const brood::Condition& condition, const brood::Value<std::size_t>& turn) {
  const brood::Array<std::size_t> order(3);
  std::vector<brood::Process> children;
  for (const std::size_t i : {2U, 1U, 0U})
    children.emplace_back(take_turn, i, condition, turn, order).start();
  {
    const std::lock_guard guard(condition);
    std::cout << "all had their turn: " << condition.wait_for([&] { return turn.get() == 3; }, 60s)
              << '\n';
  }
  std::cout << "in order:";
  for (const std::size_t number : order) std::cout << ' ' << number;
  std::cout << '\n';
  for (brood::Process& child : children) child.join();
}

void wait_in_vain(const brood::Condition& condition, const brood::Value<std::size_t>& turn) {
  const auto turn_is = [&](std::size_t number) {
    return [&, number] { return turn.get() == number; };
  };
  {
    const std::lock_guard guard(condition);
    std::cout << "wait in vain: " << condition.wait_for(10ms) << '\n';
    std::cout << "wait_for in vain: " << condition.wait_for(turn_is(4), 10ms) << '\n';
    std::cout << "wait_for what is so: " << condition.wait_for(turn_is(3), 0s) << '\n';
  }
  std::cout << "wait without the lock refused: " << refused([&] { condition.wait(); }) << '\n';
}

void wake_sleepers(const brood::Condition& condition) {
  const brood::Semaphore asleep(0), awake(0);
  std::vector<brood::Process> children;
  for (int i = 0; i < 3; ++i) {
    children.emplace_back(sleep_until_notified, condition, asleep, awake).start();
    asleep.acquire();
  }
  {
    const std::lock_guard guard(condition);  // free only when all of them wait
    condition.notify_one();
  }
  awake.acquire();
  std::cout << "one notified, another awake: " << awake.try_acquire_for(10ms) << '\n';
  condition.notify_all();
  std::cout << "all notified: " << awake.try_acquire_for(60s) << ' ' << awake.try_acquire_for(60s)
            << '\n';
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  std::cout << std::boolalpha;
  const brood::Condition condition;
  const brood::Value<std::size_t> turn(0);
  all_take_turns(condition, turn);
  wait_in_vain(condition, turn);
  wake_sleepers(condition);
}

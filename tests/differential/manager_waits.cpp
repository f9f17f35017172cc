// What processes wait for with a manager: its queue, its event, its lock.
#include <brood/brood.hpp>
#include <iostream>
#include <mutex>

using namespace std::chrono_literals;

void count_up(brood::ManagedValue<int> count, brood::ManagedLock lock, brood::ManagedEvent start) {
  start.wait();
  for (int i = 0; i < 20; ++i) {
    const std::lock_guard guard(lock);
    count.set(count.get() + 1);
  }
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  std::cout << std::boolalpha;
  brood::Manager manager;
  const auto letters = manager.queue<std::string>(2);
  std::cout << "get from an empty one: " << letters.try_get().has_value() << '\n';
  letters.put("a");
  letters.put("b");
  std::cout << "full: " << letters.full() << " put: " << letters.try_put("c") << '\n';
  std::cout << "get: " << letters.get().get() << " size: " << letters.size() << '\n';

  const auto count = manager.value(0);
  const auto lock = manager.lock();
  const auto start = manager.event();
  std::vector<brood::Process> children;
  for (int i = 0; i < 3; ++i) children.emplace_back(count_up, count, lock, start).start();
  std::cout << "before the event: " << count.get() << " set: " << start.is_set() << ' '
            << start.wait_for(10ms) << '\n';
  start.set();
  for (brood::Process& child : children) child.join();
  std::cout << "after it: " << count.get() << " set: " << start.is_set() << '\n';

  const auto barrier = manager.barrier(1);
  std::cout << "a barrier for one: " << barrier.wait() << ' ' << barrier.wait() << '\n';
  const auto semaphore = manager.semaphore(2);
  std::cout << "semaphore:";
  for (int i = 0; i < 3; ++i) std::cout << ' ' << semaphore.try_acquire();
  std::cout << '\n';
}

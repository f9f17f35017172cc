// Locks: which thread gets them, and what is refused.
#include <brood/brood.hpp>
#include <iostream>
#include <mutex>

#include "refused.hpp"

using namespace std::chrono_literals;

template <class Lock>
void try_it(const Lock& lock) {
  const bool got = lock.try_acquire();
  if (got) lock.release();  // a guard would not: std::exit destroys no local object
  std::exit(got ? 1 : 0);
}

template <class Lock>
bool another_gets(const Lock& lock) {
  brood::Process child(try_it<Lock>, lock);
  child.start();
  child.join();
  return child.exit_code() == 1;
}

void add(brood::Lock lock, brood::Array<int> count) {
  for (int i = 0; i < 250; ++i) {
    const std::lock_guard guard(lock);
    ++count[0];
  }
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  std::cout << std::boolalpha;
  const brood::Lock lock;
  std::cout << "free: another gets it: " << another_gets(lock) << '\n';
  lock.acquire();
  std::cout << "held: another gets it: " << another_gets(lock) << '\n';
  std::cout << "held: again: " << lock.try_acquire() << '\n';
  lock.release();
  std::cout << "released: another gets it: " << another_gets(lock) << '\n';
  std::cout << "released once more, refused: " << refused([&] { lock.release(); }) << '\n';

  const brood::RLock rlock;
  rlock.acquire();
  std::cout << "an RLock again: " << rlock.try_acquire_for(10ms) << '\n';
  rlock.release();
  std::cout << "released once: another gets it: " << another_gets(rlock) << '\n';
  rlock.release();
  std::cout << "released twice: another gets it: " << another_gets(rlock) << '\n';
  std::cout << "released once more, refused: " << refused([&] { rlock.release(); }) << '\n';

  const brood::Array<int> count(1);
  std::vector<brood::Process> children;
  for (int i = 0; i < 4; ++i) children.emplace_back(add, lock, count).start();
  for (brood::Process& child : children) child.join();
  std::cout << "counted under a lock: " << count[0] << '\n';
}

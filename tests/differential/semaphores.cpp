// Semaphores: how many get them, and what is refused.
#include <brood/brood.hpp>
#include <iostream>

#include "refused.hpp"

using namespace std::chrono_literals;

void try_it(const brood::Semaphore& semaphore) {
  const bool got = semaphore.try_acquire();
  if (got) semaphore.release();  // a guard would not: std::exit destroys no local object
  std::exit(got ? 1 : 0);
}

bool another_gets(const brood::Semaphore& semaphore) {
  brood::Process child(try_it, semaphore);
  child.start();
  child.join();
  return child.exit_code() == 1;
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  std::cout << std::boolalpha;
  const brood::Semaphore semaphore(2);
  std::cout << "semaphore:";
  for (int i = 0; i < 3; ++i) std::cout << ' ' << semaphore.try_acquire_for(10ms);
  semaphore.release();
  std::cout << "\none released: another gets it: " << another_gets(semaphore) << '\n';
  semaphore.release();
  std::cout << "released more often than acquired, refused: "
            << refused([&] { semaphore.release(); }) << '\n';
  std::cout << "value: " << semaphore.value() << '\n';

  const brood::BoundedSemaphore bounded(1);
  std::cout << "bounded: " << bounded.try_acquire() << ' ' << bounded.try_acquire() << '\n';
  bounded.release();
  std::cout << "released more often than acquired, refused: " << refused([&] { bounded.release(); })
            << '\n';
}

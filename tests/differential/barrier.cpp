// A barrier: indices, and what breaks it.
#include <brood/brood.hpp>
#include <iostream>

void pass_twice(const brood::Barrier& barrier, brood::Array<int> indices) {
  for (std::size_t row = 0; row < 2; ++row) ++indices[3 * row + barrier.wait()];
}

void wait_and_tell(const brood::Barrier& barrier) try {
  barrier.wait();
} catch (const brood::BrokenBarrier&) {
  std::exit(5);
}

template <class F>
bool breaks(F call) try {
  call();
  return false;
} catch (const brood::BrokenBarrier&) {
  return true;
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  std::cout << std::boolalpha;
  const brood::Barrier barrier(3);
  const brood::Array<int> indices(6);
  std::cout << "parties: " << barrier.parties() << " waiting: " << barrier.n_waiting()
            << " broken: " << barrier.broken() << '\n';
  std::vector<brood::Process> children;
  for (int i = 0; i < 3; ++i) children.emplace_back(pass_twice, barrier, indices).start();
  for (brood::Process& child : children) child.join();
  std::cout << "each index once, twice:";
  for (const int count : indices) std::cout << ' ' << count;

  const auto wait_alone = [&] { barrier.wait_for(std::chrono::milliseconds(10)); };
  std::cout << "\nwaiting alone breaks it: " << breaks(wait_alone) << ' ' << barrier.broken()
            << '\n';
  std::cout << "then nobody waits: " << breaks([&] { barrier.wait(); }) << '\n';
  barrier.reset();
  std::cout << "after reset broken: " << barrier.broken() << '\n';

  brood::Process child(wait_and_tell, barrier);
  child.start();
  barrier.abort();
  child.join();
  std::cout << "aborted: broken: " << barrier.broken() << " the child ended with "
            << child.exit_code().value() << '\n';

  const brood::Barrier alone(1);
  std::cout << "alone: " << alone.wait() << ' ' << alone.wait() << '\n';
}

// How does one process see what another one writes? With a Value or an Array, which lie in memory
// that both have. A plain object is copied to a child, and what the child does to it stays there.
#include <brood/brood.hpp>
#include <iostream>

void work(std::size_t index, std::vector<std::size_t> plain, brood::Value<int> steps,
          brood::Array<std::size_t> squares) {
  plain.push_back(index);
  for (int i = 0; i < 1000; ++i) steps.update([](int n) { return n + 1; });  // with its lock held
  squares[index] = index * index;
}

void step(brood::Queue<brood::Value<int>> queue) {
  const brood::Value<int> steps = queue.get();
  steps.update([](int n) { return n + 1; });
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  std::vector<std::size_t> plain;
  brood::Value<int> steps(0);
  brood::Array<std::size_t> squares(4);
  std::vector<brood::Process> children;
  for (std::size_t i = 0; i < 4; ++i) children.emplace_back(work, i, plain, steps, squares).start();
  for (brood::Process& child : children) child.join();
  std::cout << "in a list: " << plain.size() << " entries\n";
  std::cout << "in the Value: " << steps.get() << " steps\n";
  std::cout << "in the Array:";
  for (const std::size_t square : squares) std::cout << ' ' << square;

  brood::Queue<brood::Value<int>> queue;  // Python's go to a child at its start only
  brood::Process child(step, queue);
  child.start();
  queue.put(steps);
  child.join();
  std::cout << "\nin the Value, after a child that got it later: " << steps.get() << " steps\n";
}

// Prints: in a list: 0 entries
// Prints: in the Value: 4000 steps
// Prints: in the Array: 0 1 4 9
// Prints: in the Value, after a child that got it later: 4001 steps

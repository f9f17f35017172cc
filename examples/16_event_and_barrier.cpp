// How do I start several processes at the same moment, and let none go on before all have come so
// far? An Event opens for all waiters at once; a Barrier opens when the last one has arrived.
#include <brood/brood.hpp>
#include <iostream>
#include <numeric>

using Numbers = brood::Array<std::size_t>;

void run(std::size_t index, brood::Event start, brood::Barrier finished, Numbers heights,
         Numbers sums) {
  start.wait();
  heights[index] = index + 1;
  finished.wait();  // all heights are there behind it
  sums[index] = std::accumulate(heights.begin(), heights.end(), 0UL);
}

void print(const char* title, const Numbers& numbers) {
  std::cout << title;
  for (const std::size_t number : numbers) std::cout << ' ' << number;
  std::cout << '\n';
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  brood::Event start;
  brood::Barrier finished(3);
  Numbers heights(3), sums(3);
  std::vector<brood::Process> children;
  for (std::size_t i = 0; i < 3; ++i)
    children.emplace_back(run, i, start, finished, heights, sums).start();
  print("before the event:", heights);
  start.set();
  for (brood::Process& child : children) child.join();
  print("after it:", heights);
  print("what each has found behind the barrier:", sums);
}

// Prints: before the event: 0 0 0
// Prints: after it: 1 2 3
// Prints: what each has found behind the barrier: 6 6 6

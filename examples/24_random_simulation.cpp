// A random simulation with the same result on any number of workers, and what a task knows of
// itself.
#include <brood/brood.hpp>
#include <iostream>
#include <random>
#include <set>

/// Darts at a square: how many of them hit the circle in it.
int hits(int darts) {
  brood::RandomStream random = brood::this_task::random(2026);  // this element's own stream
  std::uniform_real_distribution<double> side(-1, 1);
  int count = 0;
  for (int i = 0; i < darts; ++i) {
    const double x = side(random), y = side(random);
    count += x * x + y * y < 1 ? 1 : 0;
  }
  return count;
}

double pi_with(int workers) {
  brood::Pool pool(workers);
  const std::vector<int> throws(200, 5000);
  const int inside = pool.map_reduce(hits, throws, std::plus<int>(), 0);
  return 4.0 * inside / (200 * 5000);
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  const double pi = pi_with(1);
  std::cout << "pi is " << pi << '\n';
  std::cout << "the same with three workers: " << std::boolalpha << (pi_with(3) == pi) << '\n';

  brood::Pool pool(2);
  std::set<int> slots;
  for (const auto& [index, slot] : pool.map(
           [](int) { return std::pair(brood::this_task::index(), brood::this_worker::slot()); },
           std::vector<int>(100))) {
    if (index == 99) std::cout << "the last element is number " << index << '\n';
    slots.insert(slot);
  }
  std::cout << "slots are 0 or 1: " << (*slots.begin() >= 0 && *slots.rbegin() <= 1) << '\n';
}

// Prints~ pi is 3\.1[34].*
// Prints: the same with three workers: true
// Prints: the last element is number 99
// Prints: slots are 0 or 1: true

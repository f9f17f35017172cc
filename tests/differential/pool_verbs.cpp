// A pool's verbs, with errors in them.
#include <algorithm>
#include <brood/brood.hpp>
#include <cmath>
#include <iostream>
#include <ranges>

#include "half.hpp"
#include "refused.hpp"

int power(int base, int exponent) { return static_cast<int>(std::pow(base, exponent)); }

void print(const char* title, const std::vector<int>& numbers) {
  std::cout << title;
  for (const int number : numbers) std::cout << ' ' << number;
  std::cout << '\n';
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  std::cout << std::boolalpha;
  brood::Pool pool(2);
  print("map:", pool.map(half, {2, 4, 6}));
  attempt([&] { return pool.map(half, {2, 3, 4}).at(0); });
  print("starmap:", pool.starmap(power, {{2, 3}, {3, 2}}));
  attempt([&] { return pool.apply(half, 7); });
  attempt([&] { return pool.apply(half, 8); });

  auto results = pool.imap(half, {2, 5, 6});
  for (int i = 0; i < 3; ++i) attempt([&] { return results.next().value(); });
  std::vector<int> halves;
  for (const int value : pool.imap_unordered(half, {0, 2, 4, 6, 8})) halves.push_back(value);
  std::ranges::sort(halves);
  print("imap_unordered:", halves);

  std::cout << "join before close refused: " << refused([&] { pool.join(); }) << '\n';
  pool.close();
  std::cout << "apply after close refused: " << refused([&] { pool.apply(half, 2); }) << '\n';
  pool.join();
}

// A pool's verbs, with errors in them.
#include <algorithm>
#include <brood/brood.hpp>
#include <cmath>
#include <iostream>
#include <ranges>

#include "refused.hpp"

int half(int number) {
  if (number % 2 != 0) throw std::invalid_argument(std::to_string(number) + " is odd");
  return number / 2;
}
int power(int base, int exponent) { return static_cast<int>(std::pow(base, exponent)); }

void print(const char* title, const std::vector<int>& numbers) {
  std::cout << title;
  for (const int number : numbers) std::cout << ' ' << number;
  std::cout << '\n';
}
template <class F>
void attempt(F call) try {
  const int result = call();
  std::cout << "result: " << result << '\n';
} catch (const std::invalid_argument& error) {
  std::cout << "error: " << error.what() << '\n';
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

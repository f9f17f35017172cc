// The verbs of a pool, each in a line or two; and options for one call.
#include <algorithm>
#include <brood/brood.hpp>
#include <cstdlib>
#include <iostream>
#include <ranges>

using namespace std::chrono_literals;

int square(int x) { return x * x; }
int power(int base, int exponent) { return exponent == 0 ? 1 : base * power(base, exponent - 1); }
int crash_at_three(int x) { return x == 3 ? (std::abort(), 0) : x; }
void check(int x) {
  if (x < 0) throw std::invalid_argument("negative");
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  brood::Pool pool({.workers = 2, .limits = {.core_size = 0}});
  const auto print = [](const char* verb, const auto& values) {
    std::cout << verb << ':';
    for (const auto& value : values) std::cout << ' ' << value;
    std::cout << '\n';
  };

  std::cout << "apply: " << pool.apply(power, 2, 10) << '\n';
  const auto later = pool.apply_async(power, 3, 4);
  std::cout << "apply_async: " << later.get() << '\n';
  print("map", pool.map(square, std::views::iota(1, 6)));
  print("map, bound argument", pool.map(brood::task(power, 2), std::vector{1, 2, 3}));
  const int offset = 100;
  print("map, copied lambda", pool.map(brood::copied([=](int x) { return x + offset; }), {1, 2}));
  print("starmap", pool.starmap(power, std::vector<std::pair<int, int>>{{2, 3}, {3, 2}}));

  auto squares = pool.imap(square, std::views::iota(1));  // an infinite range
  std::cout << "imap: " << *squares.next() << ' ' << *squares.next() << ' ' << *squares.next()
            << '\n';

  std::cout << "try_map:";
  for (const auto& outcome : pool.try_map(crash_at_three, std::vector{1, 2, 3, 4})) {
    std::cout << ' ' << (outcome ? std::to_string(outcome.value()) : "lost");
  }
  pool.for_each(check, std::views::iota(0, 1000));
  std::cout << "\nmap_reduce: "
            << pool.map_reduce(square, std::views::iota(1, 101), std::plus<int>(), 0) << '\n';
  print("with options",
        pool.with({.timeout = 5s, .retries = 1, .chunk = 2}).map(square, std::vector{7, 8, 9}));
}

// Prints: apply: 1024
// Prints: apply_async: 81
// Prints: map: 1 4 9 16 25
// Prints: map, bound argument: 2 4 8
// Prints: map, copied lambda: 101 102
// Prints: starmap: 8 9
// Prints: imap: 1 4 9
// Prints: try_map: 1 2 lost 4
// Prints: map_reduce: 338350
// Prints: with options: 49 64 81

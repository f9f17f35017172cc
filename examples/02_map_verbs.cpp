// The verbs of a pool, each in a line or two; and options for one call.
#include <brood/brood.hpp>
#include <cstdlib>
#include <iostream>

using namespace std::chrono_literals;
int square(int x) { return x * x; }
int power(int base, int exponent) { return exponent == 0 ? 1 : base * power(base, exponent - 1); }
int crash_at_three(int x) { return x == 3 ? (std::abort(), 0) : x; }
struct Naturals {  // 1, 2, 3, ... without end
  struct Iterator {
    using value_type = int;
    using difference_type = int;
    int value = 1;
    int operator*() const { return value; }
    Iterator& operator++() { return ++value, *this; }
    void operator++(int) { ++value; }
  };
  Iterator begin() const { return {}; }
  std::unreachable_sentinel_t end() const { return {}; }
};

void print(const char* verb, const std::vector<int>& values) {
  std::cout << verb << ':';
  for (const int value : values) std::cout << ' ' << value;
  std::cout << '\n';
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  brood::Pool pool({.workers = 2, .limits = {.core_size = 0}});
  const std::vector<int> numbers{1, 2, 3, 4, 5};
  print("apply", {pool.apply(power, 2, 10)});
  print("apply_async", {pool.apply_async(power, 3, 4).get()});
  print("map", pool.map(square, numbers));
  print("map, bound argument", pool.map(brood::task(power, 2), numbers));
  print("map, copied lambda",
        pool.map(brood::copied([n = argc](int x) { return x + n; }), {10, 20}));
  print("starmap", pool.starmap(power, std::vector<std::pair<int, int>>{{2, 3}, {3, 2}}));
  auto squares = pool.imap(square, Naturals());
  print("imap", {*squares.next(), *squares.next(), *squares.next()});
  for (const auto& outcome : pool.try_map(crash_at_three, std::vector{2, 3})) {
    std::cout << (outcome ? "try_map: a value\n" : "try_map: lost\n");
  }
  pool.for_each(square, numbers);
  print("map_reduce", {pool.map_reduce(square, numbers, std::plus<int>(), 0)});
  print("options", pool.with({.timeout = 5s, .retries = 1, .chunk = 2}).map(square, numbers));
}

// Prints: apply: 1024
// Prints: apply_async: 81
// Prints: map: 1 4 9 16 25
// Prints: map, bound argument: 2 4 8 16 32
// Prints: map, copied lambda: 11 21
// Prints: starmap: 8 9
// Prints: imap: 1 4 9
// Prints: try_map: a value
// Prints: try_map: lost
// Prints: map_reduce: 55
// Prints: options: 1 4 9 16 25

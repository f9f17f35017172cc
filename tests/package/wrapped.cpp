// Without brood::init: brood::main wraps this main.
#include <brood/brood.hpp>
#include <cstdio>
#include <vector>

int square(int x) { return x * x; }

int main() {
  brood::Pool pool({.workers = 2, .start_method = "spawn"});
  auto v = pool.map(square, std::vector{1, 2, 3});
  std::printf("%d %d %d\n", v[0], v[1], v[2]);
}

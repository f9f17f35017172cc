#include <brood/brood.hpp>
#include <cstdio>
#include <vector>

int square(int x) { return x * x; }

int main(int argc, char** argv) {
  brood::init(argc, argv);
  brood::Pool pool(2);
  auto v = pool.map(square, std::vector{1, 2, 3});
  std::printf("%d %d %d\n", v[0], v[1], v[2]);
}

// The smallest program: a function, its arguments, and as many worker processes as there are CPUs.
#include <brood/brood.hpp>
#include <iostream>

double cube(double x) { return x * x * x; }

int main(int argc, char** argv) {
  brood::init(argc, argv);
  brood::Pool pool;
  for (double y : pool.map(cube, {1.0, 2.0, 3.0})) std::cout << y << '\n';
}

// Prints: 1
// Prints: 8
// Prints: 27

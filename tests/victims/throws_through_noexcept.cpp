#include <stdexcept>

#include "victims/tasks.hpp"

namespace {
void thrower(bool really) {
  if (really) throw std::runtime_error("through noexcept");
}
void wall() noexcept { thrower(true); }
}  // namespace

int brood::victims::throws_through_noexcept(int x) {
  wall();
  return x;
}

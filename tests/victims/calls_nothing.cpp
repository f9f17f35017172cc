#include "victims/tasks.hpp"

[[gnu::noinline, gnu::no_sanitize("undefined")]] int brood::victims::calls_nothing(int x) {
  int (*volatile nothing)(int) = nullptr;
  return nothing(x) + 1;
}

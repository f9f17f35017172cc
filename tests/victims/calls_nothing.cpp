#include "victims/tasks.hpp"

__attribute__((noinline, no_sanitize("undefined"))) int brood::victims::calls_nothing(int x) {
  int (*volatile nothing)(int) = nullptr;
  return nothing(x) + 1;
}

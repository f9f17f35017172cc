#include "victims/tasks.hpp"

__attribute__((noinline, no_sanitize("undefined"))) int brood::victims::divides_by(int divisor) {
  volatile int dividend = 1;
  return dividend / divisor;
}

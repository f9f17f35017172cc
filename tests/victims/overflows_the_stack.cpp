#include "victims/tasks.hpp"

int brood::victims::overflows_the_stack(int depth) {
  volatile char room[4096];
  room[0] = static_cast<char>(depth);
  if (depth == -1) return 0;  // never: it counts up
  return overflows_the_stack(depth < 0 ? 0 : depth + 1) + room[0];
}

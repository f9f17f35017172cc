#include "victims/tasks.hpp"

int brood::victims::segfaults(int offset) {
  const volatile int* volatile nowhere = nullptr;
  return nowhere[offset];
}

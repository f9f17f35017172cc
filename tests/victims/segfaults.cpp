#include "victims/tasks.hpp"

// Or UndefinedBehaviorSanitizer ends the process in its own way.
__attribute__((no_sanitize("null"))) int brood::victims::segfaults(int offset) {
  const volatile int* volatile nowhere = nullptr;
  return nowhere[offset];
}

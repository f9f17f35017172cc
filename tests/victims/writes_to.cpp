#include "victims/tasks.hpp"

// Or a sanitizer ends the process in its own way.
__attribute__((noinline, no_sanitize("address", "thread", "undefined"))) int
brood::victims::writes_to(std::uintptr_t address) {
  *reinterpret_cast<volatile int*>(address) = 1;
  return 0;
}

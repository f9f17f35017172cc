#include <ctime>

#include "victims/tasks.hpp"

int brood::victims::burns(int) {
  for (;;) static_cast<void>(std::clock());
}

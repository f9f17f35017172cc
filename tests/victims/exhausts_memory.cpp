#include <cstring>
#include <memory>
#include <vector>

#include "victims/tasks.hpp"

int brood::victims::exhausts_memory(int) {
  std::vector<std::unique_ptr<char[]>> hoard;
  for (;;) hoard.push_back(std::make_unique<char[]>(1 << 20));
}

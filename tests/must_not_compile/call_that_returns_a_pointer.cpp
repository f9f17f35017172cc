// Refused: brood: a pointer means nothing in another process; pass the value, or a std::unique_ptr
#include <vector>

#include <brood/pool.hpp>

const char* name(int number);

void call(brood::Pool& pool) {
  for (const char* text : pool.map(name, {1, 2})) static_cast<void>(text);
}

// Refused: brood: an aggregate with a pointer as a member cannot travel
// Refused: hold the value, a std::string, a std::vector or a std::unique_ptr instead
// Refused: Member<Inner, Inner
#include <string>
#include <vector>

#include <brood/pool.hpp>

struct Inner {
  int number;
  Inner* other;
};
struct Outer {
  std::vector<Inner> inner[2];
};

Outer make(int number);

void call(brood::Pool& pool) { pool.for_each(make, {1, 2}); }

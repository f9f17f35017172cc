// Refused: brood: an aggregate with a pointer as a member cannot travel: a pointer means nothing in
// another process; hold the value Refused: Inner*
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

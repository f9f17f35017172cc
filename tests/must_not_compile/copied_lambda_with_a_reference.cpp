// Refused: brood::copied: a captured pointer or reference means nothing in another process
// Refused: capture the value, or bind it with brood::task(function, values...)
#include <brood/pool.hpp>
#include <brood/task.hpp>

int call(brood::Pool& pool, int shift) {
  return pool.apply(brood::copied([&](int x) { return x + shift; }), 1);
}

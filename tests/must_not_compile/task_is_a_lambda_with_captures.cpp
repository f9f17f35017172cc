// Refused: brood: this cannot be a task: a lambda with captures, or a function object that cannot
// Refused: write brood::copied(lambda) where all captures are trivially copyable values
// Refused: else brood::task(function, values...)
#include <vector>

#include <brood/pool.hpp>

void call(brood::Pool& pool, int shift) {
  const auto shifted = pool.map([shift](int x) { return x + shift; }, {1, 2});
  for (const int value : shifted) static_cast<void>(value);
}

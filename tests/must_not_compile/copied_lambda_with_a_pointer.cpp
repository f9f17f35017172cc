// Refused: brood::copied: a captured pointer or reference means nothing in another process
// Refused: capture the value, or bind it with brood::task(function, values...)
#include <vector>

#include <brood/pool.hpp>
#include <brood/task.hpp>

void call(brood::Pool& pool, const int* shift) {
  for (const int x : pool.map(brood::copied([shift](int y) { return y + *shift; }), {1, 2}))
    static_cast<void>(x);
}

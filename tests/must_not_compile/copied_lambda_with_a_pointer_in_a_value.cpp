// Refused: brood::copied: a captured pointer or reference means nothing in another process
// Refused: capture the value, or bind it with brood::task(function, values...)
#include <string_view>

#include <brood/pool.hpp>
#include <brood/task.hpp>

struct Named {
  int number;
  std::string_view name;
};

int call(brood::Pool& pool, Named named) {
  return pool.apply(brood::copied([named](int x) { return x + named.number; }), 1);
}

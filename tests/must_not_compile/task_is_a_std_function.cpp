// Refused: brood: this cannot be a task: a std::function, or what like it hides which function
// Refused: pass that function itself, or brood::task(function, values...)
#include <functional>

#include <brood/pool.hpp>

int call(brood::Pool& pool, const std::function<int(int)>& function) {
  return pool.apply(function, 1);
}

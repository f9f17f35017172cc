// Refused: brood: a std::function, or what like it hides which function it holds, cannot travel
// Refused: pass brood::task(function, values...), or let the task choose the function by a value
#include <functional>

#include <brood/pool.hpp>

int twice(const std::function<int(int)>& function);

int call(brood::Pool& pool, const std::function<int(int)>& function) {
  return pool.apply(twice, function);
}

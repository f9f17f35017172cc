// Refused: brood: this function cannot be called with these arguments: it takes another number of
// them
#include <tuple>
#include <vector>

#include <brood/pool.hpp>

int add(int a, int b);

std::vector<int> call(brood::Pool& pool, const std::vector<std::tuple<int, int, int>>& values) {
  return pool.starmap(add, values);
}

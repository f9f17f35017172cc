// Refused: brood: map_into writes to contiguous memory of a known size
#include <vector>

#include <brood/pool.hpp>

int square(int x);

void call(brood::Pool& pool, const std::vector<int>& results) {
  pool.map_into(square, {1, 2}, results);
}

// Refused: brood: map_into writes to contiguous memory of a known size
#include <vector>

#include <brood/pool.hpp>

int square(int x);

// A vector can be made of an int, but not by the way.
void call(brood::Pool& pool, std::vector<std::vector<double>>& results) {
  pool.map_into(square, {1, 2}, results);
}

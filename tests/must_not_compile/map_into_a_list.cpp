// Refused: brood: map_into writes to contiguous memory of a known size
#include <list>

#include <brood/pool.hpp>

int square(int x);

void call(brood::Pool& pool, std::list<int>& results) { pool.map_into(square, {1, 2}, results); }

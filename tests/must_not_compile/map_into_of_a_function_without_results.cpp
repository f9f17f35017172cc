// Refused: brood: map_into takes a function that returns something
#include <vector>

#include <brood/pool.hpp>

void print(int x);

void call(brood::Pool& pool, std::vector<int>& results) { pool.map_into(print, {1, 2}, results); }

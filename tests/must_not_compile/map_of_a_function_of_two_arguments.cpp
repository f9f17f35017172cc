// Refused: brood: this function cannot be called with these arguments: it takes another number of
// them
#include <vector>

#include <brood/pool.hpp>

int add(int a, int b);

std::vector<int> call(brood::Pool& pool) { return pool.map(add, {1, 2}); }

// Refused: brood: this function cannot be called with these arguments: it takes another number of
// Refused: apply passes all that it is given, map one element, starmap the elements of a tuple
#include <vector>

#include <brood/pool.hpp>

int add(int a, int b);

std::vector<int> call(brood::Pool& pool) { return pool.map(add, {1, 2}); }

// Refused: brood: this function cannot be called with these arguments: it takes another number of
// Refused: apply passes all that it is given, map one element, starmap the elements of a tuple
#include <brood/pool.hpp>

int add(int a, int b);

void call(brood::Pool& pool) { pool.starmap(add, {{1, 2, 3}, {4, 5, 6}}); }

// Refused: brood: starmap takes a range of tuples, pairs or arrays
#include <brood/pool.hpp>

int square(int x);

void call(brood::Pool& pool) { pool.starmap(square, {1, 2}); }

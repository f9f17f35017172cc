// Refused: brood: this function cannot be called with these arguments: it takes another number of
// them; apply passes all that it is given
#include <brood/pool.hpp>

int add(int a, int b);

void call(brood::Pool& pool) { pool.apply(add, 1); }

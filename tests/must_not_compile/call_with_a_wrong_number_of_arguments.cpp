// Expect: brood: this function cannot be called with these arguments
#include <brood/brood.hpp>

int add(int a, int b);

void call(brood::Pool& pool) { pool.apply(add, 1); }

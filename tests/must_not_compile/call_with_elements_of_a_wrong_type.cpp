// Expect: brood: this function cannot be called with these arguments
#include <brood/brood.hpp>

int square(int x);

void call(brood::Pool& pool) { pool.map(square, std::vector<std::string>{"a"}); }

// Refused: brood: this function cannot be called with these arguments, which arrive as values
#include <brood/pool.hpp>

int square(int x);

void call(brood::Pool& pool) { pool.map(square, std::vector<std::string>{"a"}); }

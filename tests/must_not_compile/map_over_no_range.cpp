// Refused: brood: this verb takes a range of inputs
#include <brood/pool.hpp>

int square(int x);

void call(brood::Pool& pool) { auto squares = pool.imap(square, 5); }

// Expect: brood: this verb takes a range of inputs
#include <brood/brood.hpp>

int square(int x);

void call(brood::Pool& pool) { pool.imap(square, 5); }

// Refused: brood: a pointer means nothing in another process; pass the value, or a std::unique_ptr
#include <brood/pool.hpp>

int first(const int* numbers);

int call(brood::Pool& pool, const int* numbers) { return pool.apply(first, numbers); }

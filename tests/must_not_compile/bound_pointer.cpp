// Refused: brood: a pointer means nothing in another process; pass the value, or a std::unique_ptr
#include <brood/pool.hpp>
#include <brood/task.hpp>

int add(const int* a, int b);

int call(brood::Pool& pool, const int* number) { return pool.apply(brood::task(add, number), 1); }

// Expect: brood: on_done takes a function of an Outcome of the result, f(Outcome<R>)
#include <brood/brood.hpp>

int square(int x);

void call(brood::Pool& pool) {
  pool.apply_async(square, 1).on_done([](int) {});
}

// Expect: brood: on_success takes a function of the result
#include <brood/brood.hpp>

int square(int x);

void call(brood::Pool& pool) {
  pool.apply_async(square, 1).on_success([](std::string) {});
}

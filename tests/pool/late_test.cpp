#include <cstdlib>
#include <functional>

#include "pool/pool_fixture.hpp"
#include "start/method.hpp"
#include "support/in_child.hpp"

namespace brood::testing::late_test {
namespace {

std::function<void()> at_end;
struct Last {
  ~Last() {
    if (at_end) at_end();
  }
} const last;  // made before all that calls make, and so destroyed behind it

class Late : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Late);

int twice(int number) { return 2 * number; }

TEST_P(Late, a_destructor_of_a_static_object_may_use_a_pool) {
  const auto use = [this](int number) { return make_pool(1).apply(twice, number); };
  EXPECT_EQ(in_child([&]() -> int {
              if (use(1) != 2) return 1;
              at_end = [&] {
                const int result = use(4);
                start::drop_forkserver();
                ::_exit(result);
              };
              std::exit(2);
            }),
            8);
}

}  // namespace
}  // namespace brood::testing::late_test

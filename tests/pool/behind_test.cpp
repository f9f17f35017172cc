#include <string>
#include <vector>

#include "pool/pool_fixture.hpp"

// Short calls that were sent to a worker together with one that hangs.
namespace brood::testing::behind_test {
namespace {

class Behind : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Behind);

int passes_a_gate(int x, const std::string& path) {
  if (x < 0) Gate::pass(path);
  return x;
}

int takes(const Queue<int>& tokens, int) { return tokens.get(); }

TEST_P(Behind, a_call_that_hangs_they_go_to_a_worker_that_others_wait_for_too) {
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  const Queue<int> tokens;
  Pool pool = make_pool(2);
  // It is known to be short.
  for (int i = 0; i < 200; ++i) pool.apply_async(passes_a_gate, i, gate.path()).get();
  auto hanging = pool.apply_async(passes_a_gate, -1, gate.path());
  std::vector<AsyncResult<int>> calls;
  for (int i = 0; i < 40; ++i) calls.push_back(pool.apply_async(passes_a_gate, i, gate.path()));
  constexpr int elements = 1000;
  auto map = pool.map_async(task(takes, tokens), std::vector<int>(elements, 0));
  int given = 0;
  for (const auto& call : calls) {
    for (; !call.wait_for(10ms) && given < elements; ++given) tokens.put(1);
  }
  EXPECT_LT(given, elements);
  gate.open();
  for (; given < elements; ++given) tokens.put(1);
  map.get();
  hanging.get();
  for (auto& call : calls) call.get();
}

}  // namespace
}  // namespace brood::testing::behind_test

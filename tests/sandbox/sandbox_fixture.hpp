#pragma once

#include <string>

#include "pool/pool_fixture.hpp"

namespace brood::testing {

/// Pools whose workers are in a sandbox, for every start method.
class SandboxTest : public PoolTest {
 protected:
  void SetUp() override {
    PoolTest::SetUp();
    if (under_sanitizer) GTEST_SKIP() << "the sanitizer's runtime makes calls of its own";
  }
  PoolOptions within(const Sandbox& sandbox, int workers = 1) const {
    PoolOptions made = options(workers);
    made.sandbox = sandbox;
    return made;
  }
  Pool make_pool(const Sandbox& sandbox = Sandbox::compute) const { return Pool(within(sandbox)); }
};

/// The call that `f`, a task, was refused: the name that its WorkerLost tells.
template <class F>
std::string refused(F f) {
  const auto lost = caught<WorkerLost>(f);
  EXPECT_EQ(lost.report().cause, CrashReport::Cause::refused_call) << lost.what();
  return lost.report().refused_call;
}

}  // namespace brood::testing

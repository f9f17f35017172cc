#include <cerrno>

#include "sandbox/sandbox_fixture.hpp"
#include "support/faults.hpp"
#include "support/log_catcher.hpp"

// What happens where the system lacks a part of the sandbox. The calls that fail are this
// program's, so its workers are forked.
namespace brood::testing::missing_test {
namespace {

using faults::Failing;
using platform::SystemCalls;

const Fault no_seccomp{"seccomp", Failing<&SystemCalls::seccomp>::install, ENOSYS};
const Fault no_landlock{"landlock", Failing<&SystemCalls::landlock_create_ruleset>::install,
                        EOPNOTSUPP};

class Missing : public PoolCheck {
 protected:
  void SetUp() override {
    PoolCheck::SetUp();
    if (under_sanitizer) GTEST_SKIP() << "the sanitizer's runtime makes calls of its own";
  }
  Pool make_pool(const Sandbox& sandbox) const {
    return Pool({.workers = 1, .start_method = "fork", .sandbox = sandbox});
  }
};

TEST_F(Missing, filters_are_a_start_error) {
  const Injection fault(no_seccomp, 1);
  Pool pool = make_pool(Sandbox::compute);
  const auto error = caught<StartError>([&] { pool.apply(square, 2); });
  EXPECT_EQ(error.stage(), "sandbox");
  EXPECT_TRUE(contains(error.what(), "this kernel cannot refuse system calls")) << error.what();
  EXPECT_TRUE(contains(error.what(), "[ENOSYS]")) << error.what();
}

TEST_F(Missing, filters_are_a_warning_on_request) {
  const LogCatcher log;
  const Injection fault(no_seccomp, 1);
  Pool pool = make_pool(Sandbox::compute.when_missing(Sandbox::Missing::warn));
  EXPECT_EQ(pool.apply(square, 2), 4);
  EXPECT_TRUE(log.wait_for("this kernel cannot refuse system calls"));
}

TEST_F(Missing, landlock_is_missed_where_there_are_paths) {
  const Injection fault(no_landlock, 1);
  Pool pool = make_pool(Sandbox::compute.allow_reading("/usr"));
  const auto error = caught<StartError>([&] { pool.apply(square, 2); });
  EXPECT_EQ(error.stage(), "sandbox");
  EXPECT_TRUE(contains(error.what(), "Landlock")) << error.what();
}

TEST_F(Missing, landlock_is_a_warning_on_request) {
  const LogCatcher log;
  const Injection fault(no_landlock, 1);
  Pool pool =
      make_pool(Sandbox::compute.allow_reading("/usr").when_missing(Sandbox::Missing::warn));
  EXPECT_EQ(pool.apply(square, 2), 4);
  EXPECT_TRUE(log.wait_for("this kernel has no Landlock"));
}

TEST_F(Missing, landlock_is_not_missed_where_no_file_can_be_opened) {
  const LogCatcher log;
  const Injection fault(no_landlock, 1);
  Pool pool = make_pool(Sandbox::compute);
  EXPECT_EQ(pool.apply(square, 2), 4);
  const auto opens = [](int) { return std::fopen("/etc/passwd", "r") != nullptr; };
  EXPECT_EQ(refused([&] { pool.apply(opens, 0); }), "openat");
}

}  // namespace
}  // namespace brood::testing::missing_test

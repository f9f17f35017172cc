// The kernel's out-of-memory killer, for real: in a control group of little memory, where one can
// be made.
#include <filesystem>
#include <fstream>
#include <string>

#include "pool/pool_fixture.hpp"
#include "support/program.hpp"

namespace brood::testing::out_of_memory_test {
namespace {

namespace fs = std::filesystem;

/// The path of our group in a hierarchy of version 1 with the memory controller, or empty.
std::string group_of_memory() {
  std::ifstream list("/proc/self/cgroup");
  for (std::string line; std::getline(list, line);) {
    const auto at = line.find(":memory:");
    if (at != std::string::npos) return line.substr(at + 8);
  }
  return {};
}

class OutOfMemory : public PoolTest {
 protected:
  void SetUp() override {
    PoolTest::SetUp();
    const std::string ours = group_of_memory();
    group_ = "/sys/fs/cgroup/memory" + ours + "/brood-" + std::to_string(::getpid());
    std::error_code error;
    if (ours.empty() || !fs::create_directory(group_, error))
      GTEST_SKIP() << "no control group can be made here";
    std::ofstream(group_ / "memory.limit_in_bytes") << (std::size_t{160} << 20) << std::flush;
  }
  void TearDown() override {
    std::error_code error;
    fs::remove(group_, error);
    PoolTest::TearDown();
  }
  fs::path group_;
};
BROOD_FOR_EVERY_METHOD(OutOfMemory);

TEST_P(OutOfMemory, is_the_cause_that_the_report_gives_where_the_kernel_has_killed) {
  if (under_sanitizer) GTEST_SKIP() << "a sanitizer takes more memory than the group has";
  expect_orphans();
  Program owner({victim("out_of_memory"), method(), group_.string()});
  EXPECT_EQ(owner.line(), "out_of_memory_killer");
  const std::string text = owner.line();
  EXPECT_TRUE(contains(text, "out-of-memory killer")) << text;
  EXPECT_FALSE(contains(text, "perhaps")) << text;
  EXPECT_EQ(owner.rest(), "7\n");
  EXPECT_EQ(owner.wait(), 0);
}

}  // namespace
}  // namespace brood::testing::out_of_memory_test

#include "platform/free_memory.hpp"

#include <filesystem>
#include <fstream>
#include <limits>

#include "support/events.hpp"
#include "support/leak_check.hpp"

namespace brood::platform::free_memory_test {
namespace {

constexpr std::uint64_t mebibyte = 1024 * 1024;
const std::string meminfo = "MemTotal: 8192 kB\nMemAvailable: 4096 kB\nSwapFree: 1024 kB\n";

class FreeMemoryTest : public testing::LeakCheck {
 protected:
  void write(const std::string& file, const std::string& text) {
    const std::filesystem::path path = root() + "/" + file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::string root() const { return scratch_.path("cgroup"); }

 private:
  testing::Scratch scratch_;
};

TEST_F(FreeMemoryTest, is_that_of_the_machine_with_swap) {
  EXPECT_EQ(free_memory(root(), "", meminfo), 5 * mebibyte);
  EXPECT_EQ(free_memory(root(), "", ""), std::numeric_limits<std::uint64_t>::max());
  EXPECT_GT(free_memory(), mebibyte);
}

TEST_F(FreeMemoryTest, is_that_of_the_control_group_where_that_is_less) {
  write("a/memory.max", std::to_string(3 * mebibyte));
  write("a/memory.current", std::to_string(2 * mebibyte));
  EXPECT_EQ(free_memory(root(), "0::/a\n", meminfo), mebibyte);
  write("a/memory.stat", "anon 5\ninactive_file 1048576\n");
  EXPECT_EQ(free_memory(root(), "0::/a\n", meminfo), 2 * mebibyte);
  write("a/memory.max", "max\n");
  EXPECT_EQ(free_memory(root(), "0::/a\n", meminfo), 5 * mebibyte);
}

TEST_F(FreeMemoryTest, is_that_of_the_least_group_of_all_around_it) {
  write("a/memory.max", std::to_string(3 * mebibyte));
  write("a/memory.current", std::to_string(2 * mebibyte));
  write("a/b/c/memory.max", "max\n");
  EXPECT_EQ(free_memory(root(), "0::/a/b/c\n", meminfo), mebibyte);
}

TEST_F(FreeMemoryTest, knows_control_groups_of_the_first_version) {
  write("memory/b/memory.limit_in_bytes", std::to_string(2 * mebibyte));
  write("memory/b/memory.usage_in_bytes", std::to_string(3 * mebibyte));
  EXPECT_EQ(free_memory(root(), "5:cpu:/\n4:memory:/b\n", meminfo), 0U);
}

}  // namespace
}  // namespace brood::platform::free_memory_test

#include <gtest/gtest.h>

#include <string>

#include "control_groups.hpp"
#include "platform/oom_kills.hpp"

namespace brood::platform::oom_kills_test {
namespace {

class OomKillsTest : public ControlGroups {
 protected:
  std::optional<std::uint64_t> kills(const std::string& self) const {
    return oom_kills(root.string(), self, (root / "vmstat").string());
  }
};

TEST_F(OomKillsTest, of_a_version2_group_are_in_its_events) {
  write("app/memory.events", "low 0\nhigh 7\nmax 9\noom 5\noom_kill 3\noom_group_kill 4");
  write("memory.events", "oom_kill 100");
  EXPECT_EQ(kills("0::/app\n"), 3U);
}

TEST_F(OomKillsTest, of_a_version1_group_are_in_its_control_file) {
  write("memory/app/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2");
  EXPECT_EQ(kills("5:cpu:/app\n4:memory:/app\n0::/\n"), 2U);
}

TEST_F(OomKillsTest, of_a_container_whose_path_is_the_hosts_are_at_the_mount) {
  write("memory.events", "oom_kill 6");
  EXPECT_EQ(kills("0::/docker/0123\n"), 6U);
}

TEST_F(OomKillsTest, of_the_machine_are_taken_where_a_group_has_none) {
  write("vmstat", "nr_free_pages 123\noom_kill 8\ndrop_pagecache 0");
  EXPECT_EQ(kills("0::/\n"), 8U);
  EXPECT_EQ(kills(""), 8U);
}

TEST_F(OomKillsTest, are_nothing_where_nobody_tells) {
  write("vmstat", "nr_free_pages 123");
  EXPECT_EQ(kills("0::/app\nnonsense\n"), std::nullopt);
}

TEST(OomKills, of_this_machine_can_be_read) { EXPECT_NO_THROW(oom_kills()); }

}  // namespace
}  // namespace brood::platform::oom_kills_test

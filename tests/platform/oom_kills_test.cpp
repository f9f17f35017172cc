#include <gtest/gtest.h>

#include <string>

#include "control_groups.hpp"
#include "platform/oom_kills.hpp"

namespace brood::platform {
namespace {

class OomKillsTest : public ControlGroups {
 protected:
  std::optional<std::uint64_t> kills(const std::string& self) const {
    return oom_kills(root.string(), self, (root / "vmstat").string());
  }
};

TEST_F(OomKillsTest, OfAVersion2GroupAreInItsEvents) {
  write("app/memory.events", "low 0\nhigh 7\nmax 9\noom 5\noom_kill 3\noom_group_kill 4");
  write("memory.events", "oom_kill 100");
  EXPECT_EQ(kills("0::/app\n"), 3U);
}

TEST_F(OomKillsTest, OfAVersion1GroupAreInItsControlFile) {
  write("memory/app/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2");
  EXPECT_EQ(kills("5:cpu:/app\n4:memory:/app\n0::/\n"), 2U);
}

TEST_F(OomKillsTest, OfAContainerWhosePathIsTheHostsAreAtTheMount) {
  write("memory.events", "oom_kill 6");
  EXPECT_EQ(kills("0::/docker/0123\n"), 6U);
}

TEST_F(OomKillsTest, OfTheMachineAreTakenWhereAGroupHasNone) {
  write("vmstat", "nr_free_pages 123\noom_kill 8\ndrop_pagecache 0");
  EXPECT_EQ(kills("0::/\n"), 8U);
  EXPECT_EQ(kills(""), 8U);
}

TEST_F(OomKillsTest, AreNothingWhereNobodyTells) {
  write("vmstat", "nr_free_pages 123");
  EXPECT_EQ(kills("0::/app\nnonsense\n"), std::nullopt);
}

TEST(OomKills, OfThisMachineCanBeRead) { EXPECT_NO_THROW(oom_kills()); }

}  // namespace
}  // namespace brood::platform

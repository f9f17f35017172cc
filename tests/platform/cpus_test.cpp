#include <gtest/gtest.h>
#include <sched.h>

#include <string>

#include "control_groups.hpp"
#include "platform/process.hpp"
#include "support/in_child.hpp"

namespace brood::platform::cpus_test {
namespace {

class CpuQuotaTest : public ControlGroups {
 protected:
  std::optional<int> cpus(const std::string& self) const {
    return cgroup_cpus(root.string(), self);
  }
};

TEST_F(CpuQuotaTest, version2_quota_is_rounded_up) {
  write("app/cpu.max", "150000 100000");
  EXPECT_EQ(cpus("0::/app\n"), 2);
}

TEST_F(CpuQuotaTest, version2_without_quota_is_nothing) {
  write("app/cpu.max", "max 100000");
  EXPECT_EQ(cpus("0::/app\n"), std::nullopt);
}

TEST_F(CpuQuotaTest, the_smallest_quota_on_the_way_up_counts) {
  write("a/cpu.max", "300000 100000");
  write("a/b/cpu.max", "800000 100000");
  write("a/b/c/cpu.max", "max 100000");
  EXPECT_EQ(cpus("0::/a/b/c\n"), 3);
}

TEST_F(CpuQuotaTest, version1_quota_is_read) {
  write("cpu,cpuacct/job/cpu.cfs_quota_us", "50000");
  write("cpu,cpuacct/job/cpu.cfs_period_us", "100000");
  EXPECT_EQ(cpus("5:memory:/x\n3:cpu,cpuacct:/job\n0::/\n"), 1);
}

TEST_F(CpuQuotaTest, version1_without_quota_is_nothing) {
  write("cpu/cpu.cfs_quota_us", "-1");
  write("cpu/cpu.cfs_period_us", "100000");
  EXPECT_EQ(cpus("1:cpu:/\n"), std::nullopt);
}

TEST_F(CpuQuotaTest, a_containers_own_group_is_the_mount_when_the_hosts_path_is_not_visible) {
  write("cpu/cpu.cfs_quota_us", "400000");
  write("cpu/cpu.cfs_period_us", "100000");
  EXPECT_EQ(cpus("4:cpu,cpuacct:/docker/0123\n"), 4);
  write("cpu.max", "200000 100000");
  EXPECT_EQ(cpus("0::/../../elsewhere\n"), 2);
}

TEST_F(CpuQuotaTest, garbage_is_no_quota) {
  write("cpu.max", "many few");
  EXPECT_EQ(cpus("0::/\nnonsense\n:::\n"), std::nullopt);
  EXPECT_EQ(cpus(""), std::nullopt);
}

TEST(Affinity, the_mask_is_counted) {
  EXPECT_GE(affinity_cpus(), 1);
  EXPECT_EQ(testing::in_child([] {
              cpu_set_t one;
              CPU_ZERO(&one);
              CPU_SET(sched_getcpu(), &one);
              if (::sched_setaffinity(0, sizeof one, &one) != 0) return 100;
              return affinity_cpus();
            }),
            1);
}

}  // namespace
}  // namespace brood::platform::cpus_test

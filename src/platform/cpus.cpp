#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <limits>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "platform/control_group.hpp"
#include "platform/file_text.hpp"
#include "platform/process.hpp"

namespace brood::platform {
namespace {

std::optional<int> whole_cpus(long long quota, long long period) {
  if (quota <= 0 || period <= 0) return std::nullopt;
  return static_cast<int>(std::clamp<long long>((quota + period - 1) / period, 1, 1 << 20));
}

/// Version 2: "max 100000" or "150000 100000".
std::optional<int> quota_in_cpu_max(const std::string& directory) {
  std::istringstream text(file_text(directory + "/cpu.max").value_or(""));
  long long quota = 0, period = 0;
  if (!(text >> quota >> period)) return std::nullopt;
  return whole_cpus(quota, period);
}

/// Version 1: -1 is no quota.
std::optional<int> quota_in_cfs_files(const std::string& directory) {
  std::istringstream quota_text(file_text(directory + "/cpu.cfs_quota_us").value_or(""));
  std::istringstream period_text(file_text(directory + "/cpu.cfs_period_us").value_or(""));
  long long quota = 0, period = 0;
  if (!(quota_text >> quota) || !(period_text >> period)) return std::nullopt;
  return whole_cpus(quota, period);
}

void lower(std::optional<int>& least, std::optional<int> candidate) {
  if (candidate && (!least || *candidate < *least)) least = candidate;
}

template <class Quota>
std::optional<int> smallest_quota(const std::string& mount, const std::string& path, Quota quota) {
  std::optional<int> least;
  for (const std::string& directory : directories_up(mount, path)) lower(least, quota(directory));
  return least;
}

bool names_cpu(const std::string& controllers) {
  return (',' + controllers + ',').find(",cpu,") != std::string::npos;
}

std::optional<int> quota_of(const std::string& root, const ControlGroup& group) {
  const auto& [controllers, path] = group;
  std::optional<int> least;
  if (controllers.empty()) {
    lower(least, smallest_quota(root, path, quota_in_cpu_max));
    lower(least,
          smallest_quota(root + "/unified", path, quota_in_cpu_max));  // version 2 beside version 1
  } else if (names_cpu(controllers)) {
    lower(least, smallest_quota(root + '/' + controllers, path, quota_in_cfs_files));
    if (controllers != "cpu") lower(least, smallest_quota(root + "/cpu", path, quota_in_cfs_files));
  }
  return least;
}

}  // namespace

int affinity_cpus() noexcept {
  // sched_setaffinity(2): a kernel with more CPUs than the set has room for answers EINVAL.
  for (int room = 1024; room <= 1 << 20; room *= 4) {
    const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> set(
        CPU_ALLOC(static_cast<std::size_t>(room)),
        [](cpu_set_t* allocated) { CPU_FREE(allocated); });
    if (!set) return 1;
    const std::size_t size = CPU_ALLOC_SIZE(static_cast<std::size_t>(room));
    if (::sched_getaffinity(0, size, set.get()) == 0)
      return std::max(1, CPU_COUNT_S(size, set.get()));
    if (errno != EINVAL) return 1;
  }
  return 1;
}

int cpus_within(std::optional<int> quota) noexcept {
  const int affinity = affinity_cpus();
  return std::max(1, std::min(affinity, quota.value_or(affinity)));
}

int usable_cpus() {
  // Not a local static: a fork while another thread reads the files would leave it half made.
  static std::atomic<int> known_quota{0};
  int quota = known_quota.load(std::memory_order_relaxed);
  if (quota == 0) {
    quota = cgroup_cpus().value_or(std::numeric_limits<int>::max());
    known_quota.store(quota, std::memory_order_relaxed);
  }
  return cpus_within(quota);
}

std::optional<int> cgroup_cpus() {
  return cgroup_cpus("/sys/fs/cgroup", file_text("/proc/self/cgroup").value_or(""));
}

std::optional<int> cgroup_cpus(const std::string& root, const std::string& self) {
  std::optional<int> least;
  for (const ControlGroup& group : control_groups(self)) lower(least, quota_of(root, group));
  return least;
}

}  // namespace brood::platform

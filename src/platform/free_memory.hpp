#pragma once

#include <cstdint>
#include <string>

namespace brood::platform {

/// Bytes that this process could have before the kernel would kill a process for them: what the
/// machine has free or can free, swap included, or its control group when that is less. The largest
/// number where nothing is known.
std::uint64_t free_memory();
/// The same for tests: `root` is where the control groups are mounted, `self` the text of
/// /proc/self/cgroup, `meminfo` that of /proc/meminfo.
std::uint64_t free_memory(const std::string& root, const std::string& self,
                          const std::string& meminfo);

}  // namespace brood::platform

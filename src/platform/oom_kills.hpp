#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace brood::platform {

/// How often the kernel's out-of-memory killer has ended a process: of this process's control group
/// (version 2 memory.events, which counts the groups below too; version 1 memory.oom_control), or,
/// where that cannot be read, of the whole machine (vmstat in /proc). Nothing where neither can be.
std::optional<std::uint64_t> oom_kills();
/// The same for tests: `root` is where the control groups are mounted, `self` the text of
/// /proc/self/cgroup, `vmstat` the path of /proc/vmstat.
std::optional<std::uint64_t> oom_kills(const std::string& root, const std::string& self,
                                       const std::string& vmstat);

}  // namespace brood::platform

#include <brood/cpu.hpp>

#include <unistd.h>

#include <algorithm>

#include "platform/process.hpp"

namespace brood {

int cpu_count() { return std::max(1, static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN))); }

int available_cpus() { return platform::cpus_within(platform::cgroup_cpus()); }

}  // namespace brood

#pragma once

#include <brood/detail/export.hpp>

namespace brood {

/// The number of CPUs of this machine that are online, at least 1. Does not block or throw.
/// Threads: any. Cost: reads a file of /sys.
BROOD_API int cpu_count();
/// The number of CPUs that this process may use: the smaller one of its affinity mask and the quota
/// of its control group, at least 1. Does not block. Throws SystemError. Threads: any. Cost: reads
/// files of /proc and /sys.
BROOD_API int available_cpus();

}  // namespace brood

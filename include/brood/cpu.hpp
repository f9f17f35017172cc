#pragma once

#include <brood/detail/export.hpp>

namespace brood {

/// CPUs of this machine that are online.
BROOD_API int cpu_count();
/// CPUs that this process may use: its affinity mask and the quota of its control group, at
/// least 1.
BROOD_API int available_cpus();

}  // namespace brood

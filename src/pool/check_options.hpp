#pragma once

#include <brood/options.hpp>

namespace brood::pool {

/// Throws UsageError, with the name of the option and what is possible, for one out of range.
void check(const PoolOptions& options);
void check(const CallOptions& options);

}  // namespace brood::pool

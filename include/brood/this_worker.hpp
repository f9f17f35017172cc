#pragma once

#include <string>

#include <brood/detail/export.hpp>

/// Functions that an initializer or a task calls to learn about the worker that it runs in. In any
/// other process they throw UsageError: also in one that a task has forked. They never block.
/// Threads: any of the worker's.
namespace brood::this_worker {

/// The worker's name, as in errors and logs: "ForkServerPoolWorker-3".
BROOD_API std::string name();

/// The worker's place among those of its pool: 0 to PoolOptions::workers - 1. No
/// two workers of a pool have the same at one time; a replacement has the place of the worker that
/// it replaces. For what there is once for each worker: a device, a scratch file, a port.
BROOD_API int slot();

}  // namespace brood::this_worker

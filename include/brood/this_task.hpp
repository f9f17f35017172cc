#pragma once

#include <brood/detail/export.hpp>

/// Functions that a task calls to learn about itself.
namespace brood::this_task {

/// Number of the attempt that runs, counted from 1. More than 1 only where CallOptions allows
/// further attempts. 0 outside of a task. Threads: any; 0 in a thread other than the one that runs
/// the task.
BROOD_API int attempt() noexcept;

}  // namespace brood::this_task

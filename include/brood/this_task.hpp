#pragma once

#include <brood/detail/export.hpp>

/// What a task may ask about itself.
namespace brood::this_task {

/// Which attempt this is, from 1 on: more than 1 only where CallOptions gives retries; 0 outside a
/// task. Threads: of the one that runs the task; elsewhere 0.
BROOD_API int attempt() noexcept;

}  // namespace brood::this_task

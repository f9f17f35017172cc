#pragma once

#include <functional>

#include <brood/detail/abi.hpp>
#include <brood/detail/export.hpp>

namespace brood {

/// First line of main. In a process that Brood started by exec it runs what that process is for and
/// never returns; in every other it returns at once. Start methods spawn and forkserver need it; a
/// program that cannot touch its main links brood::main instead. Throws UsageError when called a
/// second time.
BROOD_API void init(int argc, char** argv);

/// Calls `hook` when this worker ends in order: at close, after max_tasks_per_worker; last
/// registered, first called. Not when it is terminated or dies. Static destructors and std::atexit
/// do not run in a worker. In the process of a brood::Process the hook is one more handler of
/// std::atexit. Throws UsageError in any other process.
BROOD_API void at_worker_exit(std::function<void()> hook);

}  // namespace brood

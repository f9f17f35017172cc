#pragma once

#include <functional>

#include <brood/detail/abi.hpp>
#include <brood/detail/export.hpp>

namespace brood {

/// Call it as the first line of main. In a process that Brood started by exec it does that
/// process's work and never returns. With the arguments `--brood-replay FILE` it runs the element
/// that a pool has saved there (PoolOptions::save_failed), says what has come of it, and ends the
/// process: with exit code 0 where the element returned, 1 where it threw, 2 where the file cannot
/// be used. In every other process it returns at once. The start methods
/// spawn and forkserver need it. A program that cannot change its main links brood::main instead.
/// Does not block where it returns. Throws UsageError when called a second time. Threads: the one
/// of main, before any other starts. Cost: a look at the environment and the arguments.
BROOD_API void init(int argc, char** argv);

/// Registers `hook`, which is called when this worker ends in order: after Pool::close(), or when
/// the pool replaces it (max_tasks_per_worker). The last hook registered is called first. No hook
/// is called in a worker that is terminated or dies. Destructors of static objects and handlers of
/// std::atexit do not run in a worker. In the process of a brood::Process the hook is one more
/// handler of std::atexit. Does not block. Throws UsageError in any other process. Threads: any.
/// Cost: the memory of the hook.
BROOD_API void at_worker_exit(std::function<void()> hook);

}  // namespace brood

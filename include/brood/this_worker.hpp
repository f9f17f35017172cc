#pragma once

#include <memory>
#include <string>
#include <typeinfo>

#include <brood/detail/codec/call_with.hpp>
#include <brood/detail/export.hpp>

namespace brood {

namespace detail {
/// What PoolOptions::state has made.
BROOD_API void set_worker_state(const std::type_info& type, std::shared_ptr<void> value);
}  // namespace detail

/// Functions that an initializer or a task calls to learn about the worker that it runs in. In any
/// other process they throw UsageError: also in one that a task has forked. They never block.
/// Threads: any of the worker's. Cost: a copy of the name, or a number.
namespace this_worker {

/// The worker's name, as in errors and logs: "ForkServerPoolWorker-3".
BROOD_API std::string name();

/// The worker's place among those of its pool: 0 to PoolOptions::workers - 1. No two workers of a
/// pool have the same at one time, but for one that nothing can end and that the pool has left to
/// itself; a replacement has the place of the worker that it replaces. For what there is once for
/// each worker: a device, a scratch file, a port.
BROOD_API int slot();

/// What PoolOptions::state has made in this worker: the same object in each call, with all that
/// earlier tasks have changed in it. Throws UsageError also where that is of another type, or the
/// pool has none. A process that a task has forked has a copy of it. Cost: a comparison of types.
template <class T>
T& state() {
  return *static_cast<T*>(detail::worker_state(typeid(T)));
}

}  // namespace this_worker

}  // namespace brood

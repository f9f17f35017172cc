#pragma once

#include <cstddef>
#include <cstdint>

#include <brood/detail/export.hpp>
#include <brood/random.hpp>

/// Functions that a task calls to learn about itself, in the thread that runs it. They never block.
namespace brood::this_task {

/// Number of the attempt that runs, counted from 1. More than 1 only where CallOptions allows
/// further attempts. 0 outside of a task, and in other threads.
BROOD_API int attempt() noexcept;

/// Position of the element in the input of its call, from 0 on: 0 for apply. Throws UsageError
/// outside of a task, and in other threads.
BROOD_API std::size_t index();

/// Random numbers of the element's own: the stream number index() of `seed`. They are the same
/// whatever the number of workers, the chunks, the start method and the attempt. Another call with
/// the same seed has the same streams. Throws as index() does.
BROOD_API RandomStream random(std::uint64_t seed);

}  // namespace brood::this_task

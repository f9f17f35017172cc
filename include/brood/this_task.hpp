#pragma once

#include <cstddef>
#include <cstdint>
#include <stop_token>

#include <brood/detail/export.hpp>
#include <brood/random.hpp>

/// Functions that a task calls to learn about itself. They do not block. Threads: the one that runs
/// the task. Cost: none where nothing else is said.
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

/// Says when the element is to stop: a stop is requested when its timeout is over, when it is
/// cancelled with Kill::yes, at terminate, and when the owner of the pool has ended. An element
/// that returns within half a second of that keeps its worker; the attempt ends in TaskTimeout or
/// Cancelled whatever it returns. One that does not is stopped with its worker, as is one that has
/// never asked for its token. Callbacks of the token run in a thread of the library's. In a
/// map_reduce a timeout stops the worker at once; in a pool of start method "inline", and in a
/// replay, nothing requests a stop. Throws as index() does, and SystemError where the worker can
/// have no thread for it. Cost: a thread at the first call in a worker; an element that calls it
/// has its result reported by itself.
BROOD_API std::stop_token stop_token();

}  // namespace brood::this_task

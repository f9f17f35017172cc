#pragma once

#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/dispatch.hpp>
#include <asio/execution/context.hpp>
#include <asio/execution/outstanding_work.hpp>
#include <asio/execution_context.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/query.hpp>
#include <asio/system_executor.hpp>
#include <asio/version.hpp>
#include <utility>

#include <brood/async_result.hpp>

#if ASIO_VERSION < 102000
#error "brood/asio.hpp needs Asio 1.20 or later, which has cancellation slots"
#endif

#define BROOD_ASIO ::asio
#define BROOD_ASIO_NAMESPACE standalone_asio
#include <brood/detail/asio/async_wait.hpp>
#undef BROOD_ASIO_NAMESPACE
#undef BROOD_ASIO

// For programs that use standalone Asio; <brood/boost_asio.hpp> is the same for Boost.Asio. A
// source that includes both writes brood::standalone_asio::async_wait for a token that either Asio
// takes.
namespace brood {
inline namespace standalone_asio {

/// The signature of a completion handler: void(std::exception_ptr, R), or void(std::exception_ptr)
/// where the task returns void.
template <class R>
using AsyncWaitSignature = typename detail::CompletionOf<R>::signature;

/// What async_wait() returns for a token: nothing for a callback, a std::future for use_future, an
/// awaitable for use_awaitable.
template <class R, class Token>
using AsyncWaitResult = detail::standalone_asio::WaitResult<R, Token>;

/// Waits for a result as an asynchronous operation of Asio, with any completion token:
///   int y = co_await brood::async_wait(pool.apply_async(f, x), asio::use_awaitable);
///   brood::async_wait(pool.apply_async(f, x), [](std::exception_ptr error, int y) { … });
/// It completes with what get() would throw or return. Asio's signatures have a value in every
/// case: beside an error it is R(). A type without a default constructor is no task's result.
///
/// The handler is called by its associated executor, never within this call. It is outstanding
/// work there until then: io_context::run() does not return before. A handler without an executor
/// is called in the pool's callback thread, as other callbacks are. The operation's memory comes
/// from the associated allocator, in this call, and is given back before the handler is called, in
/// the thread that calls it. Where an io_context or thread_pool is destroyed first, the handler is
/// destroyed with it, and the task goes on.
///
/// Cancellation by the associated slot cancels the task. `terminal` is cancel(Kill::yes), which
/// stops the worker that runs it; `partial` and `total` are cancel(), which lets a task go on that
/// has begun. The operation completes when the task has ended, with Cancelled or with what came
/// before.
///
/// Does not block. Throws, or has the token throw, SystemError; UsageError for a result that was
/// moved from, and in a forked child for one that was not ready or where there is no executor.
/// Threads: any; the executor must take work from other threads. Cost: decodes the result once,
/// where the handler is called.
template <class R, ::asio::completion_token_for<AsyncWaitSignature<R>> Token>
AsyncWaitResult<R, Token> async_wait(AsyncResult<R> result, Token&& token) {
  return ::asio::async_initiate<Token, AsyncWaitSignature<R>>(detail::standalone_asio::Initiation(),
                                                              token, std::move(result));
}

}  // namespace standalone_asio
}  // namespace brood

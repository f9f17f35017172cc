#pragma once

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/version.hpp>
#include <utility>

#include <brood/async_result.hpp>

#if BOOST_ASIO_VERSION < 102000
#error "brood/boost_asio.hpp needs Boost 1.77 or later, which has cancellation slots"
#endif

#define BROOD_ASIO ::boost::asio
#define BROOD_ASIO_NAMESPACE boost_asio
#include <brood/detail/asio/async_wait.hpp>
#undef BROOD_ASIO_NAMESPACE
#undef BROOD_ASIO

// For programs that use Boost.Asio; <brood/asio.hpp> is the same for standalone Asio. A source that
// includes both writes brood::boost_asio::async_wait for a token that either Asio takes.
namespace brood {
inline namespace boost_asio {

/// The signature of a completion handler: void(std::exception_ptr, R), or void(std::exception_ptr)
/// where the task returns void.
template <class R>
using AsyncWaitSignature = typename detail::CompletionOf<R>::signature;

/// What async_wait() returns for a token: nothing for a callback, a std::future for use_future, an
/// awaitable for use_awaitable.
template <class R, class Token>
using AsyncWaitResult = detail::boost_asio::WaitResult<R, Token>;

/// Waits for a result as an asynchronous operation of Boost.Asio, with any completion token:
///   int y = co_await brood::async_wait(pool.apply_async(f, x), boost::asio::use_awaitable);
/// All that brood/asio.hpp says of its async_wait() holds for this one.
///
/// Does not block. Throws, or has the token throw, SystemError and UsageError. Threads: any; the
/// executor must take work from other threads. Cost: decodes the result once.
template <class R, ::boost::asio::completion_token_for<AsyncWaitSignature<R>> Token>
AsyncWaitResult<R, Token> async_wait(AsyncResult<R> result, Token&& token) {
  return ::boost::asio::async_initiate<Token, AsyncWaitSignature<R>>(
      detail::boost_asio::Initiation(), token, std::move(result));
}

}  // namespace boost_asio
}  // namespace brood

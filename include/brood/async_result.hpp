#pragma once

#include <chrono>
#include <coroutine>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include <brood/detail/results.hpp>
#include <brood/detail/shared_callable.hpp>

namespace brood {

namespace detail {
template <class F, class R>
inline constexpr bool takes_result = std::is_invocable_v<F&, const R&>;
template <class F>
inline constexpr bool takes_result<F, void> = std::is_invocable_v<F&>;
}  // namespace detail

/// The result of a call that goes on in the background. Dropping it changes nothing for the task;
/// an error that nobody has asked for (by get, successful, on_error or co_await) goes to
/// PoolOptions::on_unobserved_error then, except Cancelled.
/// Threads: any number may wait on one object; moving it is not safe beside other uses.
/// Fork: in a forked child a result that was ready can be got; waiting for another one, or adding a
/// callback, throws UsageError.
template <class R>
class AsyncResult {
 public:
  using Decode = R (*)(const detail::Job&);
  AsyncResult(detail::JobHandle job, Decode decode) : job_(std::move(job)), decode_(decode) {
    job_->report_unobserved();
  }
  AsyncResult(AsyncResult&&) noexcept = default;
  AsyncResult& operator=(AsyncResult&&) noexcept = default;

  /// The result, decoded anew at each call. Blocks until it is there.
  /// Throws what the task threw (see errors.hpp), WorkerLost, TaskTimeout, Cancelled, CodecError.
  R get() const {
    job_->wait({});
    return decode_(*job_);
  }
  /// Same, for at most `duration`. Throws TimeoutError, and the task goes on.
  template <class Rep, class Period>
  R get_for(std::chrono::duration<Rep, Period> duration) const {
    if (!wait_for(duration)) detail::throw_timeout();
    return decode_(*job_);
  }
  void wait() const { job_->wait({}); }
  /// Whether it is ready before `duration` is over.
  template <class Rep, class Period>
  bool wait_for(std::chrono::duration<Rep, Period> duration) const {
    return job_->wait(detail::deadline_after(duration));
  }
  bool ready() const noexcept { return job_->finished(); }
  /// Whether get() would return. Throws UsageError before it is ready. Cost: decodes the result.
  bool successful() const {
    if (!ready()) detail::throw_not_ready();
    return failure(*job_, decode_) == nullptr;
  }
  /// Gives the task up. True if it will not run (for a map: if elements of it will not), and get()
  /// throws Cancelled. A task that runs already goes on, and false comes back, unless `kill` is
  /// yes: then its worker is stopped.
  bool cancel(Kill kill = Kill::no) { return job_->cancel(kill); }

  /// Calls f(const R&), or f() for void, when the task has succeeded: once, on the pool's callback
  /// thread, or soon after this call when it is ready already. An exception that f throws is logged
  /// and changes nothing. f is moved and never copied.
  template <class F>
  AsyncResult& on_success(F f) {
    static_assert(detail::takes_result<F, R>,
                  "brood: on_success takes a function of the result, f(const R&), or f() where the "
                  "task returns void");
    job_->when_finished(
        [job = job_.get(), decode = decode_, call = detail::SharedCallable<F>(std::move(f))] {
          if (job->failed()) return;  // not error(): nobody has seen it yet
          if constexpr (std::is_void_v<R>) {
            if (failure(*job, decode) == nullptr) call();
          } else {
            std::unique_ptr<const R> value;
            try {
              value = std::make_unique<const R>(decode(*job));
            } catch (...) {
              return;  // on_error tells
            }
            call(*value);
          }
        });
    return *this;
  }
  /// Calls f(std::exception_ptr) when the task has failed; likewise.
  template <class F>
  AsyncResult& on_error(F f) {
    static_assert(std::is_invocable_v<F&, std::exception_ptr>,
                  "brood: on_error takes a function of a std::exception_ptr");
    job_->when_finished(
        [job = job_.get(), decode = decode_, call = detail::SharedCallable<F>(std::move(f))] {
          if (std::exception_ptr error = failure(*job, decode)) call(std::move(error));
        });
    return *this;
  }

  /// co_await result: what get() returns or throws; the coroutine goes on in the pool's callback
  /// thread.
  auto operator co_await() const noexcept {
    struct Awaiter {
      const AsyncResult& result;
      bool await_ready() const noexcept { return result.ready(); }
      void await_suspend(std::coroutine_handle<> waiting) const {
        result.job_->when_finished([waiting] { waiting.resume(); });
      }
      R await_resume() const { return result.decode_(*result.job_); }
    };
    return Awaiter{*this};
  }

 private:
  // What get() would throw: the task's error, or that its result cannot be decoded.
  static std::exception_ptr failure(const detail::Job& job, Decode decode) {
    if (std::exception_ptr error = job.error()) return error;
    try {
      static_cast<void>(decode(job));
    } catch (...) {
      return std::current_exception();
    }
    return nullptr;
  }

  detail::JobHandle job_;
  Decode decode_;
};

}  // namespace brood

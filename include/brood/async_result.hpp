#pragma once

#include <coroutine>
#include <exception>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include <brood/detail/chrono.hpp>
#include <brood/detail/pool/results.hpp>
#include <brood/detail/shared_callable.hpp>
#include <brood/kill.hpp>
#include <brood/outcome.hpp>

namespace brood {

namespace detail {
class Calls;
struct ResultAccess;
template <class F, class R>
inline constexpr bool takes_result = std::is_invocable_v<F&, const R&>;
template <class F>
inline constexpr bool takes_result<F, void> = std::is_invocable_v<F&>;
}  // namespace detail

/// What AsyncResult::future() returns: its `type` is std::future<R>. Defined in <brood/future.hpp>,
/// because <future> takes a sixth of the time that a compiler needs for this header.
template <class R>
struct FutureOf;

/// The result of a call that runs in the background. Destroying the AsyncResult does not stop the
/// task. An error that was never asked for (by get, successful, on_error, on_done, future or
/// co_await) goes to PoolOptions::on_unobserved_error then, except Cancelled.
/// Threads: any number may wait on one object; moving it is not safe beside other uses.
/// Fork: a forked child can get a result that was ready at the fork. Waiting for another result, or
/// adding a callback, throws UsageError there.
/// Cost: the bytes of the result are kept until the object is destroyed.
/// Of an object that was moved from, ready() is false, and the other members throw UsageError.
template <class R>
class AsyncResult {
 public:
  AsyncResult(AsyncResult&&) noexcept = default;
  AsyncResult& operator=(AsyncResult&&) noexcept = default;

  /// The result. Blocks until it is ready. Throws what the task threw (see errors.hpp), WorkerLost,
  /// TaskTimeout, StartError, Cancelled, CodecError, SystemError. Cost: each call decodes the
  /// result again.
  R get() const {
    job().wait({});
    return decode_(job());
  }
  /// Same, but waits for at most `duration`. Then it throws TimeoutError, and the task goes on.
  template <class Rep, class Period>
  R get_for(std::chrono::duration<Rep, Period> duration) const {
    if (!wait_for(duration)) detail::throw_timeout();
    return decode_(job());
  }
  /// Same, but waits until `time` at most.
  R get_until(std::chrono::steady_clock::time_point time) const {
    if (!wait_until(time)) detail::throw_timeout();
    return decode_(job());
  }
  /// Blocks until the result is ready, whether it is a value or an error.
  void wait() const { job().wait({}); }
  /// Same, but for at most `duration`. Returns whether the result is ready.
  template <class Rep, class Period>
  bool wait_for(std::chrono::duration<Rep, Period> duration) const {
    return job().wait(detail::deadline_after(duration));
  }
  /// Same, but until `time` at most.
  bool wait_until(std::chrono::steady_clock::time_point time) const {
    return job().wait(detail::deadline_at(time));
  }
  /// Whether the result, a value or an error, is there. Never blocks.
  bool ready() const noexcept { return job_ && job_->finished(); }
  /// Whether get() would return a value. Throws UsageError before the result is ready. Cost:
  /// decodes the result.
  bool successful() const {
    if (!ready()) detail::throw_not_ready();
    return failure(job(), decode_) == nullptr;
  }
  /// Gives the task up. Returns true if the task will not run (of a map: if some elements will not
  /// run); get() then throws Cancelled. A task that has begun runs on, and the call returns false.
  /// With Kill::yes the worker that runs it is stopped instead, and the call returns true, unless
  /// that worker is being stopped already. Does not wait for that.
  bool cancel(Kill kill = Kill::no) { return job().cancel(kill); }

  /// Calls f(const R&), or f() for void, once when the task has succeeded: in the pool's callback
  /// thread, soon after this call where the result is ready already; in this thread, at once, where
  /// the pool has ended. Does not block otherwise. An exception that f throws is logged and changes
  /// nothing. f is moved and never copied. Throws SystemError where this is the pool's first
  /// callback and its thread cannot be started; then f is not called.
  template <class F>
  AsyncResult& on_success(F f) {
    static_assert(detail::takes_result<F, R>,
                  "brood: on_success takes a function of the result, f(const R&), or f() where the "
                  "task returns void");
    job().when_finished(
        [job = job_, decode = decode_, call = detail::SharedCallable<F>(std::move(f))] {
          if (job->failed()) return;  // not error(), which would mark the error as seen
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
  /// Same for failure: calls f(std::exception_ptr) once when the task has failed. Throws
  /// SystemError as on_success().
  template <class F>
  AsyncResult& on_error(F f) {
    static_assert(std::is_invocable_v<F&, std::exception_ptr>,
                  "brood: on_error takes a function of a std::exception_ptr");
    job().when_finished(
        [job = job_, decode = decode_, call = detail::SharedCallable<F>(std::move(f))] {
          if (std::exception_ptr error = failure(*job, decode)) call(std::move(error));
        });
    return *this;
  }

  /// Same for both: calls f(Outcome<R>) once when the task has ended, with its result or its error.
  /// Throws SystemError as on_success(). Cost: decodes the result once.
  template <class F>
  AsyncResult& on_done(F f) {
    static_assert(std::is_invocable_v<F&, Outcome<R>>,
                  "brood: on_done takes a function of an Outcome of the result, f(Outcome<R>)");
    job().when_finished(
        [job = job_, decode = decode_, call = detail::SharedCallable<F>(std::move(f))] {
          call(outcome(*job, decode));
        });
    return *this;
  }
  /// The result as a std::future, for code that takes one; this object is empty then. Needs
  /// <brood/future.hpp>, which <brood/brood.hpp> includes. It is set in the pool's callback thread,
  /// or in this thread where the result is ready already. Destroying the future stops nothing and
  /// does not block. Does not block. Throws SystemError, and UsageError in a forked child where the
  /// result was not ready. Cost: decodes the result once.
  template <class T = R>
  typename FutureOf<T>::type future() && {
    auto made = FutureOf<T>::from(*this);
    job_.reset();
    return made;
  }

  /// What a coroutine waits with for a result, which must live as long. Made by operator co_await;
  /// the compiler calls its members. Threads: that of the coroutine.
  class Awaiter {
   public:
    /// Whether the result is there, so that the coroutine need not wait. Never blocks.
    bool await_ready() const noexcept { return result_.ready(); }
    /// Resumes `waiting` in the pool's callback thread when the result is there. Never blocks.
    /// Throws UsageError in a forked child, and SystemError as on_success().
    void await_suspend(std::coroutine_handle<> waiting) const {
      result_.job().when_finished([waiting] { waiting.resume(); });
    }
    /// The result. Throws what get() throws. Cost: decodes the result.
    R await_resume() const { return result_.decode_(result_.job()); }

   private:
    friend class AsyncResult;
    explicit Awaiter(const AsyncResult& result) noexcept : result_(result) {}
    const AsyncResult& result_;
  };
  /// `co_await result` gives what get() returns, or throws what get() throws. Blocks no thread: a
  /// coroutine that had to wait goes on in the pool's callback thread.
  Awaiter operator co_await() const noexcept { return Awaiter(*this); }

 private:
  friend class detail::Calls;
  friend struct detail::ResultAccess;
  using Decode = R (*)(const detail::Job&);
  AsyncResult(detail::JobHandle job, Decode decode) : job_(std::move(job)), decode_(decode) {
    job_->report_unobserved();
  }

  detail::Job& job() const {
    if (!job_) detail::throw_moved_from("AsyncResult");
    return *job_;
  }
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
  // What get() would return or throw.
  static Outcome<R> outcome(const detail::Job& job, Decode decode) {
    try {
      if constexpr (std::is_void_v<R>) {
        decode(job);
        return Outcome<R>(std::tuple<>(), 0, detail::output_of(job));
      } else {
        return Outcome<R>(decode(job), 0, detail::output_of(job));
      }
    } catch (...) {
      return Outcome<R>(std::current_exception());
    }
  }
  detail::JobHandle job_;
  Decode decode_;
};

}  // namespace brood

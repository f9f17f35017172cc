#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>
#include <vector>

#include <brood/detail/duration.hpp>
#include <brood/detail/shared_callable.hpp>
#include <brood/sandbox.hpp>
#include <brood/start_method.hpp>
#include <brood/task.hpp>

namespace brood {

inline namespace literals {
constexpr std::uint64_t operator""_KiB(unsigned long long count) { return count << 10; }
constexpr std::uint64_t operator""_MiB(unsigned long long count) { return count << 20; }
constexpr std::uint64_t operator""_GiB(unsigned long long count) { return count << 30; }
}  // namespace literals

/// A duration of any unit, whole or not, or none: {.timeout = 0.5s}. One that nanoseconds cannot
/// hold is their longest.
class OptionalDuration : public std::optional<std::chrono::nanoseconds> {
 public:
  using std::optional<std::chrono::nanoseconds>::optional;
  template <class Rep, class Period>
  constexpr OptionalDuration(std::chrono::duration<Rep, Period> duration)
      : std::optional<std::chrono::nanoseconds>(detail::saturated(duration)) {}
};

/// What a worker may use. Unset: no limit beyond the one that this process has.
struct Limits {
  std::optional<std::uint64_t>
      address_space{};  ///< bytes, RLIMIT_AS: allocations beyond it fail with std::bad_alloc
  OptionalDuration cpu_time{};  ///< of the whole process, rounded up to seconds; then SIGXCPU
  std::optional<std::uint64_t> resident{};  ///< bytes; a worker above it after a task is replaced
  std::optional<std::uint64_t>
      resident_hard{};  ///< bytes, sampled 20 times a second; a worker above it is killed at once
  std::optional<std::uint64_t> open_files{};  ///< descriptors, at least 16
  std::optional<std::uint64_t> core_size{};   ///< bytes
};

/// What SIGINT means to a pool in a process that leaves it to its default action: Ctrl-C goes to
/// the whole foreground process group, and workers ignore it.
enum class OnInterrupt : std::uint8_t {
  leave,  ///< nothing: the owner's end is the end of its pools
  drain,  ///< the first one: what runs may end, what waits becomes Cancelled, no new task is taken,
          ///< and one line on stderr says so; the second one has its default action
};

/// What a pool is made of.
struct PoolOptions {
  std::optional<std::int64_t> workers{};  ///< unset: one per CPU that this process may use
  /// Workers that live while there is nothing to do. Unset: all, or none where there is an
  /// idle_timeout. Fewer than `workers`: the others start when elements wait for a worker.
  std::optional<std::int64_t> min_workers{};
  StartMethod start_method{};  ///< unset: get_start_method()
  Call initializer{};          ///< runs once in each worker before its first task
  std::optional<std::int64_t>
      max_tasks_per_worker{};         ///< elements after which a worker is replaced
  OptionalDuration max_worker_age{};  ///< of a process; then it is replaced when its element ends
  OptionalDuration idle_timeout{};    ///< after which a worker beyond min_workers leaves
  Limits limits{};                    ///< of each worker
  std::optional<int> nice{};          ///< of each worker, -20 to 19; unset: as this process
  std::vector<int> cpus{};  ///< that workers may run on; empty: as this process. Also their number,
                            ///< where `workers` is unset
  /// For preload hooks, for a worker to get ready, to leave (10 s at most where an element waits
  /// for its place); unset: 60 s.
  OptionalDuration start_timeout{};
  /// Bytes of one argument or result; unset: 1 GiB. A worker makes this process keep so much at
  /// once: raise it where values are larger, up to what this process can hold.
  std::optional<std::uint64_t> max_message_size{};
  OnInterrupt on_interrupt = OnInterrupt::leave;
  std::function<void(std::exception_ptr)>
      on_unobserved_error{};  ///< takes the error of a task whose AsyncResult was dropped before
                              ///< anybody asked for it; unset: it is logged
  Sandbox sandbox{};          ///< of each worker's tasks: Sandbox::compute, or wider; unset: none
};

/// What a map does when an element fails.
enum class OnError : std::uint8_t {
  fail_fast,  ///< throw the first error at once and cancel what has not started
  finish,     ///< run every element, then throw the error of the first failed one
};

/// How far a call has come.
struct Progress {
  std::size_t done = 0;   ///< elements that have their outcome
  std::size_t total = 0;  ///< elements of the call, 0 while that is not known
};

/// Takes a function of a Progress or of (done, total), also one that can only be moved; called in
/// the thread that waits for the call, never concurrently.
class ProgressFunction {
 public:
  ProgressFunction() = default;
  template <class F, class = std::enable_if_t<!std::is_same_v<std::decay_t<F>, ProgressFunction>>>
  ProgressFunction(F function) {
    detail::SharedCallable<F> shared(std::move(function));
    if constexpr (std::is_invocable_v<F&, std::size_t, std::size_t>) {
      call_ = [shared](Progress p) { shared(p.done, p.total); };
    } else {
      static_assert(std::is_invocable_v<F&, Progress>,
                    "brood: progress is a function of a brood::Progress or of (done, total)");
      call_ = shared;
    }
  }
  explicit operator bool() const noexcept { return static_cast<bool>(call_); }
  void operator()(Progress progress) const { call_(progress); }

 private:
  std::function<void(Progress)> call_;
};

/// Options of one call, for Pool::with.
struct CallOptions {
  OptionalDuration
      timeout{};    ///< for each element, from when it starts; then its worker is stopped
  int retries = 0;  ///< more attempts for an element that ends in WorkerLost, and apart from these
                    ///< as many for one that ends in TaskTimeout
  std::optional<int> crash_retries{};      ///< for WorkerLost alone; unset: retries
  std::optional<int> timeout_retries{};    ///< for TaskTimeout alone; unset: retries
  std::optional<int> exception_retries{};  ///< more attempts for an element that throws; unset: as
                                           ///< many as retries with a retry_if, else none
  /// Asked in the worker for an exception that it has caught, in its own type, while there are
  /// exception_retries: whether to try again. Null: always. A captureless lambda converts.
  bool (*retry_if)(std::exception_ptr) = nullptr;
  OptionalDuration retry_delay{};  ///< before the second attempt; doubles before each further one,
                                   ///< up to 64 times; unset: none
  std::optional<std::size_t>
      chunk{};  ///< elements that travel together; unset: adapts to the measured time of one
  std::optional<std::size_t>
      window{};  ///< imap: inputs that may be taken before their results are asked for
  OnError on_error = OnError::fail_fast;
  /// Called as results arrive, by the verbs that wait and by what iterates over an imap; the
  /// asynchronous verbs, where nobody waits, throw UsageError.
  ProgressFunction progress{};
  int priority = 0;  ///< elements of calls with a higher one go to workers first
  /// A request to stop cancels the call as AsyncResult::cancel(Kill::yes) does: what has not
  /// started never runs, what runs is stopped with its worker, and the call ends in Cancelled.
  std::stop_token stop{};
};

}  // namespace brood

#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <brood/call_key.hpp>
#include <brood/detail/chrono.hpp>
#include <brood/detail/shared_callable.hpp>
#include <brood/duration.hpp>
#include <brood/launcher.hpp>
#include <brood/limits.hpp>
#include <brood/output.hpp>
#include <brood/progress.hpp>
#include <brood/sandbox.hpp>
#include <brood/task.hpp>

namespace brood {

inline namespace literals {
/// Numbers of bytes: 2_KiB is 2 * 1024.
constexpr std::uint64_t operator""_KiB(unsigned long long count) { return count << 10; }
/// 2_MiB is 2 * 1024 * 1024.
constexpr std::uint64_t operator""_MiB(unsigned long long count) { return count << 20; }
/// 2_GiB is 2 * 1024 * 1024 * 1024.
constexpr std::uint64_t operator""_GiB(unsigned long long count) { return count << 30; }
}  // namespace literals

/// What SIGINT does to a pool, in a process that leaves SIGINT its default action. Ctrl-C sends
/// SIGINT to the whole foreground process group; workers ignore it.
enum class OnInterrupt : std::uint8_t {
  /// Nothing beyond its default action: this process ends, and its pools with it.
  leave,
  /// The first SIGINT: running elements may end, waiting ones become Cancelled, no new task is
  /// taken, and a line on stderr says so. The second SIGINT has its default action.
  drain,
};

/// The options of a Pool. A value out of range is a UsageError of its constructor. Durations are
/// above 0.
struct PoolOptions {
  /// Number of workers, 1 to 4096. Unset: one per CPU that this process may use, or one per CPU in
  /// `cpus` where these are given.
  std::optional<std::int64_t> workers{};
  /// Workers that are kept while there is nothing to do, at most `workers`. The others start when
  /// elements wait for a worker. Unset: all of them, or none where there is an idle_timeout.
  std::optional<std::int64_t> min_workers{};
  /// How workers are started. Unset: get_start_method().
  StartMethod start_method{};
  /// Runs once in each worker before its first task. Unset: nothing runs.
  Call initializer{};
  /// Made by brood::state<T>(args...): makes a T once in each worker, behind the initializer and
  /// before its first task. this_worker::state<T>() gives it to tasks, and to a function with one
  /// more parameter than arguments, a T& in the first place, it is given as that; not to
  /// one that task() has bound values to. An exception of T's constructor counts as one of the
  /// initializer. Unset: there is none.
  Call state{};
  /// Number of elements after which a worker is replaced, at least 1. Unset: no limit.
  std::optional<std::int64_t> max_tasks_per_worker{};
  /// Age of a worker process at which it is replaced, when its current element ends. Unset: no
  /// limit.
  OptionalDuration max_worker_age{};
  /// Time without work after which a worker beyond min_workers leaves. Unset: it stays.
  OptionalDuration idle_timeout{};
  /// Limits of each worker. Unset: those of this process.
  Limits limits{};
  /// Niceness of each worker, -20 to 19. Unset: that of this process.
  std::optional<int> nice{};
  /// Numbers of the CPUs that workers may run on. Empty: those of this process.
  std::vector<int> cpus{};
  /// Longest time for preload hooks, for a worker to become ready, and for a worker to leave; a
  /// worker whose place is needed for an element that waits has 10 s at most to leave. Unset: 60 s.
  OptionalDuration start_timeout{};
  /// Most bytes of one argument or result, at least 4096. A worker can make this process keep that
  /// much at once: raise it only up to what this process can hold. Unset: 1 GiB.
  std::optional<std::uint64_t> max_message_size{};
  /// What SIGINT does. Unset: OnInterrupt::leave.
  OnInterrupt on_interrupt = OnInterrupt::leave;
  /// Called in the pool's callback thread with the error of a task whose AsyncResult was destroyed
  /// before that error was asked for. Unset: the error is logged.
  std::function<void(std::exception_ptr)> on_unobserved_error{};
  /// Sandbox of each worker's tasks: Sandbox::compute, or a wider one. Unset: Sandbox::none.
  Sandbox sandbox{};
  /// Directory in which each element that fails is kept as a file: one that throws, whose worker
  /// dies, or that runs into its timeout. It is made where it is missing; where no files can be
  /// made in it, that is a UsageError. `./program --brood-replay FILE` runs such an element again
  /// (brood/replay.hpp), and the element's error says so. A file holds the function and the
  /// argument as bytes: it is as secret as they are, and is code to the program that runs it. At
  /// most 1,000 files and 1 GiB for a pool; what cannot be written is logged once. Unset: the
  /// environment variable BROOD_SAVE_FAILED; where that is unset too, nothing is kept.
  std::string save_failed{};
  /// File for a timeline of the pool, which is written when the pool ends: a page of HTML where the
  /// name ends with ".html", Chrome's trace format for ".json". Of a pool that finds the name taken
  /// by another one of this process, "-2" and so on goes in front of that; in a process that this
  /// one has started or forked, its process id. A file that cannot be made is a SystemError of the
  /// pool's constructor. Empty: the one that the environment's BROOD_TRACE names, if it does.
  std::string trace{};
  /// Whether Statistics are to have all of their times. Unset: not, unless there is a trace.
  bool statistics = false;
};

/// What a map does when an element fails.
enum class OnError : std::uint8_t {
  /// Throw the first error at once, and cancel the elements that have not begun.
  fail_fast,
  /// Run every element, then throw the error of the first failed one in input order.
  finish,
};

/// Holds a function of a Progress or of (done, total), or a ProgressBar. The function need not be
/// copyable. It is called in the thread that waits for the call, never concurrently.
class ProgressFunction {
 public:
  /// Without a function.
  ProgressFunction() = default;
  /// With this function.
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
  /// With this bar. It is also told of the call's beginning, and four times a second while no
  /// result comes: time passes for it.
  ProgressFunction(ProgressBar bar)
      : call_(std::move(bar)), interval_(std::chrono::milliseconds(250)) {}
  /// Longest time between two calls while a thread waits. Unset: only results make a call.
  std::optional<std::chrono::nanoseconds> interval() const noexcept { return interval_; }
  /// Whether there is a function.
  explicit operator bool() const noexcept { return static_cast<bool>(call_); }
  /// Calls the function, and throws what it throws; std::bad_function_call where there is none.
  void operator()(Progress progress) const { call_(progress); }

 private:
  std::function<void(Progress)> call_;
  std::optional<std::chrono::nanoseconds> interval_;
};

/// Options of one call, for Pool::with. A value out of range is a UsageError of with(). Durations
/// are above 0; chunk and window are at least 1.
struct CallOptions {
  /// Longest time that each element may run, counted from its beginning. Then its worker is
  /// stopped, and the element ends in TaskTimeout. Unset: no limit.
  OptionalDuration timeout{};
  /// Number of further attempts for an element that ends in WorkerLost, and, counted apart, for one
  /// that ends in TaskTimeout. Unset: 0, no further attempt.
  int retries = 0;
  /// Further attempts after WorkerLost. Unset: `retries`.
  std::optional<int> crash_retries{};
  /// Further attempts after TaskTimeout. Unset: `retries`.
  std::optional<int> timeout_retries{};
  /// Further attempts for an element that throws. Unset: `retries` where there is a retry_if, else
  /// 0.
  std::optional<int> exception_retries{};
  /// Called in the worker with the exception that an element threw, in its own type, while
  /// exception_retries are left. It returns whether to try again; when it throws, that means no.
  /// Null: always. A captureless lambda converts.
  bool (*retry_if)(std::exception_ptr) = nullptr;
  /// Time between the first and the second attempt. It doubles before each further attempt, up to
  /// 64 times itself. Unset: no delay.
  OptionalDuration retry_delay{};
  /// Number of elements that are sent to a worker together. Unset: adapts to the measured time of
  /// one element.
  std::optional<std::size_t> chunk{};
  /// For imap: number of inputs that may be taken before their results are asked for. Unset: 256.
  std::optional<std::size_t> window{};
  /// For map and its kin: what happens when an element fails. Unset: OnError::fail_fast.
  OnError on_error = OnError::fail_fast;
  /// A ProgressBar, or what is called as results arrive, in the thread that waits for the call or
  /// iterates over an imap. The asynchronous verbs, where no thread waits, throw UsageError. Unset:
  /// nothing is called.
  ProgressFunction progress{};
  /// What becomes of what elements write to stdout and stderr. An element that writes costs a round
  /// trip to this process more, with Output::prefix each one does. Unset: Output::inherit.
  Output output = Output::inherit;
  /// Of Output::capture, most bytes of one element, the last ones that it wrote: 1 to 1 GiB. Unset:
  /// 64 KiB.
  std::uint64_t output_limit = 64_KiB;
  /// Elements of calls with a higher priority are sent to workers first. Unset: 0.
  int priority = 0;
  /// Calls with equal keys go to the same worker while it lives, so that what their tasks have
  /// loaded there is still there; to another one where it is busy for longer than one of their
  /// elements has taken so far, or 2 ms. Unset: to whichever worker is free.
  std::optional<CallKey> key{};
  /// A request to stop cancels the call as AsyncResult::cancel(Kill::yes) does: elements that have
  /// not begun never run, running ones are stopped with their workers, and the call ends in
  /// Cancelled. Unset: no such request.
  std::stop_token stop{};
};

}  // namespace brood

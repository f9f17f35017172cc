#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include <brood/start_method.hpp>
#include <brood/task.hpp>

namespace brood {

inline namespace literals {
constexpr std::uint64_t operator""_KiB(unsigned long long count) { return count << 10; }
constexpr std::uint64_t operator""_MiB(unsigned long long count) { return count << 20; }
constexpr std::uint64_t operator""_GiB(unsigned long long count) { return count << 30; }
}  // namespace literals

/// What a worker may use. Unset: no limit beyond the one that this process has.
struct Limits {
  std::optional<std::uint64_t>
      address_space{};  ///< bytes, RLIMIT_AS: allocations beyond it fail with std::bad_alloc
  std::optional<std::chrono::nanoseconds>
      cpu_time{};  ///< of the whole process, rounded up to seconds; then SIGXCPU
  std::optional<std::uint64_t> resident{};    ///< bytes; a worker above it after a task is replaced
  std::optional<std::uint64_t> open_files{};  ///< descriptors
  std::optional<std::uint64_t> core_size{};   ///< bytes
};

/// What a pool is made of.
struct PoolOptions {
  std::optional<int> workers{};  ///< unset: one per CPU that this process may use
  StartMethod start_method{};    ///< unset: get_start_method()
  Call initializer{};            ///< runs once in each worker before its first task
  std::optional<std::int64_t>
      max_tasks_per_worker{};  ///< elements after which a worker is replaced
  Limits limits{};             ///< of each worker
  std::optional<std::chrono::nanoseconds>
      start_timeout{};  ///< for a worker to greet and initialize; unset: 60 s
  std::optional<std::uint64_t>
      max_message_size{};  ///< bytes of one argument or result; unset: 1 TiB
  std::function<void(std::exception_ptr)>
      on_unobserved_error{};  ///< takes the error of a task whose AsyncResult was dropped before
                              ///< anybody asked for it; unset: it is logged
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

/// Takes a function of a Progress or of (done, total); called in the thread that waits for the
/// call, never concurrently.
class ProgressFunction {
 public:
  ProgressFunction() = default;
  template <class F, class = std::enable_if_t<!std::is_same_v<std::decay_t<F>, ProgressFunction>>>
  ProgressFunction(F function) {
    if constexpr (std::is_invocable_v<F&, std::size_t, std::size_t>) {
      call_ = [f = std::move(function)](Progress p) mutable { f(p.done, p.total); };
    } else {
      call_ = std::move(function);
    }
  }
  explicit operator bool() const noexcept { return static_cast<bool>(call_); }
  void operator()(Progress progress) const { call_(progress); }

 private:
  std::function<void(Progress)> call_;
};

/// Options of one call, for Pool::with.
struct CallOptions {
  std::optional<std::chrono::nanoseconds>
      timeout{};    ///< for each element, from when it starts; then its worker is stopped
  int retries = 0;  ///< more attempts for an element that ends in WorkerLost or TaskTimeout
  std::optional<std::size_t>
      chunk{};  ///< elements that travel together; unset: adapts to the measured time of one
  std::optional<std::size_t>
      window{};  ///< imap: inputs that may be taken before their results are asked for
  OnError on_error = OnError::fail_fast;
  ProgressFunction progress{};
};

}  // namespace brood

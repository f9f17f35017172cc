#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <brood/detail/export.hpp>

namespace brood {

namespace detail {
class StackTrace;
}

/// What is known of how a worker died: what the system says of its end, and the worker's last
/// words.
/// Threads: as any value.
struct CrashReport {
  enum class Cause : std::uint8_t {
    unknown,               ///< its exit status was lost
    exited,                ///< it ended itself: exit, _exit, the end of its main thread
    crashed,               ///< a signal of its own making: a fault, abort, raise
    killed,                ///< a signal that says no more: another process's, or its own kill
    stopped,               ///< the pool stopped it; `stopped_because` says why
    out_of_memory_killer,  ///< SIGKILL, and the kernel's out-of-memory killer was at work
    cpu_time_limit,        ///< Limits::cpu_time, or one that it has inherited
    resident_limit,        ///< Limits::resident_hard
    refused_call,          ///< PoolOptions::sandbox refused a system call
  };
  Cause cause = Cause::unknown;
  int signal = 0;  ///< that ended it; 0: none
  int sender = 0;  ///< pid of the process that sent the signal; 0: not known
  /// After SIGKILL: nobody can say that it was not the kernel's out-of-memory killer.
  bool perhaps_out_of_memory = false;
  /// What the faulting instruction wanted to reach, or its own place for SIGFPE and SIGILL.
  std::optional<std::uintptr_t> address{};
  /// That fault was where the stack had no more room: too deep a recursion, or too large a local
  /// variable. False also where it cannot be known: in a thread that the task has started.
  bool stack_overflow = false;
  std::chrono::nanoseconds user_time{0}, system_time{0};  ///< CPU time; 0 where it is not known
  std::chrono::nanoseconds cpu_time() const noexcept { return user_time + system_time; }
  /// Most memory that it had at a time, in bytes; 0 where it is not known: under spawn and with
  /// launchers the system tells it only if it is more than this process's own peak, or the worker
  /// had time for last words.
  std::uint64_t peak_resident = 0;
  std::chrono::nanoseconds cpu_time_limit{0};  ///< that was reached; 0: none, or not ours
  std::uint64_t resident_limit = 0;            ///< bytes, that was exceeded; 0: none
  std::uint64_t resident = 0;                  ///< bytes that it had then
  /// Name of the system call that the sandbox refused, "openat"; empty: none, or it is not known
  /// which.
  std::string refused_call{};
  /// Why the pool stopped it, or it had to end itself: "it has closed the pipe of its results";
  /// empty: neither.
  std::string stopped_because{};
  /// What it logged last, oldest first, with level: "error: no model here". Long lines are cut.
  std::vector<std::string> last_log_lines{};

  /// In words: "a fault at address 0x0".
  BROOD_API std::string describe() const;
  /// Where a signal met it that ended it: a line for each function, innermost first. Empty where no
  /// trace could be taken: SIGKILL, an exit, a stack overflow beside the main thread.
  /// Cost: made at each call, from the debug information of program and libraries: milliseconds,
  /// at the first call up to seconds for a large program.
  BROOD_API std::string stack_trace() const;

  /// Not read yet: what stack_trace makes its text of.
  std::shared_ptr<const detail::StackTrace> trace{};
};

}  // namespace brood

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <brood/detail/chrono.hpp>
#include <brood/detail/export.hpp>

namespace brood {

namespace detail {
class StackTrace;
}

/// What is known of how a worker died: what the operating system tells of its end, and what the
/// worker itself wrote in its signal handler.
/// Threads: as any value.
struct CrashReport {
  /// Why a worker died, as far as that is known.
  enum class Cause : std::uint8_t {
    /// The exit status was lost.
    unknown,
    /// The worker ended itself: exit, _exit, the end of its main thread.
    exited,
    /// A signal that the worker caused itself: a fault, abort, raise.
    crashed,
    /// A signal that says no more: from another process, or by the worker's own kill(2).
    killed,
    /// The pool stopped the worker; `stopped_because` says why.
    stopped,
    /// SIGKILL, while the kernel's out-of-memory killer was at work.
    out_of_memory_killer,
    /// Limits::cpu_time, or such a limit that the worker inherited.
    cpu_time_limit,
    /// Limits::resident_hard.
    resident_limit,
    /// PoolOptions::sandbox refused a system call.
    refused_call,
  };
  /// Why this worker died.
  Cause cause = Cause::unknown;
  /// The signal that ended the worker. 0: none.
  int signal = 0;
  /// Pid of the process that sent the signal. 0: not known.
  int sender = 0;
  /// SIGKILL where it could not be found out whether the kernel's out-of-memory killer sent it.
  bool perhaps_out_of_memory = false;
  /// The address that the faulting instruction accessed; for SIGFPE and SIGILL that of the
  /// instruction. Unset: no fault, or not known.
  std::optional<std::uintptr_t> address{};
  /// The fault was at the end of the stack: too deep a recursion, or too large a local variable.
  /// False also where that cannot be known: in a thread that the task has started.
  bool stack_overflow = false;
  /// CPU time in user mode and in the kernel. 0: not known.
  std::chrono::nanoseconds user_time{0}, system_time{0};
  /// The sum of both.
  std::chrono::nanoseconds cpu_time() const noexcept { return user_time + system_time; }
  /// The worker's peak of resident memory, in bytes. 0: not known. Under spawn and with launchers
  /// it is known only where it is more than the peak of this process, or where the worker could
  /// write it itself before it died.
  std::uint64_t peak_resident = 0;
  /// The limit of CPU time that was reached. 0: none, or one that the pool did not set.
  std::chrono::nanoseconds cpu_time_limit{0};
  /// The limit of resident memory that was exceeded, in bytes. 0: none.
  std::uint64_t resident_limit = 0;
  /// The resident memory at that moment, in bytes.
  std::uint64_t resident = 0;
  /// Name of the system call that the sandbox refused: "openat". Empty: none, or not known which.
  std::string refused_call{};
  /// Why the pool stopped the worker, or why the worker had to end itself: "it has closed the
  /// socket to its owner". Empty: neither.
  std::string stopped_because{};
  /// The worker's last log records, at most eight, oldest first, each with its level: "error: no
  /// model here". Long lines are cut.
  std::vector<std::string> last_log_lines{};
  /// What the element that the worker died in wrote to stdout and stderr, with Output::capture: the
  /// last bytes of it. Empty: nothing.
  std::string output{};

  /// The cause in words: "a fault at address 0x0".
  BROOD_API std::string describe() const;
  /// The functions that were active when the signal arrived that ended the worker: a line for each,
  /// innermost first, without those of this library, std::invoke and the like, and the C library's
  /// start of a program. Empty where no trace could be taken: after SIGKILL, an exit, or a stack
  /// overflow outside of the main thread.
  /// Cost: each call makes the text anew from the debug information of program and libraries:
  /// milliseconds; the first call for a large program takes up to seconds.
  BROOD_API std::string stack_trace() const;
  /// The same with all functions. Cost: as stack_trace().
  BROOD_API std::string full_stack_trace() const;

  /// The raw trace, from which stack_trace() makes its text.
  std::shared_ptr<const detail::StackTrace> trace{};
};

}  // namespace brood
